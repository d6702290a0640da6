"""What a person does in JupyterLab, as functions of a page."""

from __future__ import annotations

from typing import Any

#: How often a cell is run: while a kernel starts, JupyterLab forgets what it is asked for.
TRIES = 5
#: Colours of a dark theme.
DARK = """() => {
  document.body.style.setProperty("--jp-layout-color1", "#111111");
  document.body.style.setProperty("--jp-ui-font-color1", "#ffffff");
}"""


def run_cell(page: Any, at: int) -> Any:
    """Run a cell by its keyboard shortcut; its output area."""
    cell = page.locator(".jp-CodeCell").nth(at)
    begun = cell.locator(".jp-InputPrompt", has_text="*").or_(
        cell.locator(".jp-OutputArea-child").first
    )
    asked = page.locator(".jp-Dialog .jp-mod-accept")
    for _ in range(TRIES):
        if asked.count():  # which kernel, where it was too soon
            asked.click()
        page.locator(".jp-NotebookPanel-toolbar [data-status=idle]").first.wait_for()
        cell.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(1000)
        if begun.count():
            break
    return cell.locator(".jp-OutputArea")


def printed(page: Any, at: int) -> list[str]:
    """Run a cell; the lines that it prints."""
    output = run_cell(page, at).locator("pre").first
    output.wait_for()
    # It prints line by line: all is there once it has run.
    page.locator(".jp-CodeCell").nth(at).locator(".jp-InputPrompt", has_text="*").wait_for(
        state="hidden"
    )
    return str(output.inner_text()).strip().splitlines()
