// Goals among the curves: an arrow from each to the side on which its curve has to pass, and signs
// that say whether it does, clear of the arrows and of each other.

const WAYS = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };
const ARROW = 16; // px, as all below
const BAR = 6; // half of the line that an arrow starts from
const SIGN = { wide: 12, high: 15 };
const GAP = { behind: 3, beside: 8 }; // from a goal to its signs

const overlap = (one, other) =>
  one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
const within = (box, room) =>
  box[0] >= room[0] && box[1] >= room[1] && box[2] <= room[2] && box[3] <= room[3];

function arrowBox({ x, y, right, down }) {
  const across = [x + right * ARROW, x - down * BAR, x + down * BAR];
  const along = [y + down * ARROW, y - right * BAR, y + right * BAR];
  return [Math.min(...across), Math.min(...along), Math.max(...across), Math.max(...along)];
}

/** Where signs may be, the best place first: behind the arrow, beside it, or further off. */
function sides({ right, down }) {
  const near = [
    [-right, -down, GAP.behind],
    [down, right, GAP.beside],
    [-down, -right, GAP.beside],
  ];
  return [...near, ...near.map(([across, along, gap]) => [across, along, gap + SIGN.high])];
}

/** Give each mark the middle of its signs, within [left, top, right, bottom]. */
function placeSigns(marks, room) {
  const taken = marks.map(arrowBox);
  for (const mark of marks) {
    const half = [(mark.told.length * SIGN.wide) / 2, SIGN.high / 2];
    const boxes = sides(mark).map(([across, along, gap]) => {
      const x = mark.x + across * (gap + half[0]);
      const y = mark.y + along * (gap + half[1]);
      return [x - half[0], y - half[1], x + half[0], y + half[1]];
    });
    const clear = (box) => within(box, room) && !taken.some((each) => overlap(each, box));
    const box = boxes.find(clear) ?? boxes[0];
    taken.push(box);
    mark.sign = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  }
}

/** The goals of curves that are seen, where they are on the axes of a picture. */
function marksOf(picture) {
  const { units, seen, curves } = picture;
  const marks = [];
  for (const goal of curves.about.goals) {
    const shown = seen.filter((each) => each.roi === goal.roi && goal.results[each.source]);
    if (!shown.length || goal.dose === null) continue;
    const x = picture.x(units.doseOf(shown[0], goal.dose));
    const y = picture.y(units.volumeOf(shown[0], goal.share * shown[0].whole));
    if (!(x <= picture.right + 1)) continue;
    const [right, down] = WAYS[goal.way];
    const told = shown.map((curve) => goal.results[curve.source][0]);
    marks.push({ roi: goal.roi, x, y, right, down, told });
  }
  placeSigns(marks, [AROUND.left, 0, picture.width, picture.bottom + SIGN.high]);
  return marks;
}

function drawMarks(draw, picture, chosen) {
  for (const mark of marksOf(picture)) {
    draw.globalAlpha = chosen >= 0 && mark.roi !== chosen ? 0.3 : 1;
    draw.strokeStyle = draw.fillStyle = picture.color(mark.roi);
    drawArrow(draw, mark);
    drawSigns(draw, picture, mark);
  }
  draw.globalAlpha = 1;
}

function drawArrow(draw, { x, y, right, down }) {
  draw.lineWidth = 2;
  draw.beginPath();
  draw.moveTo(x - BAR * down, y - BAR * right);
  draw.lineTo(x + BAR * down, y + BAR * right);
  draw.moveTo(x, y);
  draw.lineTo(x + (ARROW - 4) * right, y + (ARROW - 4) * down);
  draw.stroke();
  draw.beginPath();
  draw.moveTo(x + ARROW * right, y + ARROW * down);
  for (const side of [-5, 5])
    draw.lineTo(x + (ARROW - 8) * right + side * down, y + (ARROW - 8) * down + side * right);
  draw.fill();
}

function drawSigns(draw, picture, { sign, told }) {
  draw.font = picture.font(14, "bold");
  draw.textAlign = "center";
  draw.textBaseline = "middle";
  told.forEach((status, at) => {
    const [text, color] = picture.signOf(status);
    draw.fillStyle = color;
    picture.halo(draw, text, sign[0] + (at - (told.length - 1) / 2) * SIGN.wide, sign[1]);
  });
}
