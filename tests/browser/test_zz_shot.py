import pytest, sys
from pathlib import Path
sys.path[:0]=['/work/main/tests']
from browser.pages import run_cell
from browser.test_rt_image_form import SHOW, fill, portal
def test_shot(lab, page, portal):
    page.set_viewport_size({'width':1300,'height':1100})
    lab.open(page,'shot',SHOW.format(10))
    run_cell(page,0)
    page.locator('.rtxr-messages').get_by_text('choose the images').wait_for()
    fill(page,portal)
    page.get_by_label('Machine').select_option('TB2')
    page.locator('.rtxr-preview img, img.rtxr-preview').first.wait_for()
    page.wait_for_timeout(1500)
    page.screenshot(path='/tmp/ri/lab.png')
