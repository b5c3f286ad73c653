"use strict";
// Tables of class "sorts" sort by their headers and filter by a word. Nothing is stored or fetched.
for (const table of document.querySelectorAll("table.sorts")) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const headers = Array.from(table.tHead.rows[0].cells);
  const tools = document.getElementById(table.dataset.tools);
  const told = tools.querySelector("output");
  const wanted = tools.querySelector("input");

  const compare = (column) => (one, other) => {
    const a = one.cells[column], b = other.cells[column];
    if (a.dataset.n === undefined) {
      return a.textContent.localeCompare(b.textContent, "en", { numeric: true });
    }
    const x = BigInt(a.dataset.n), y = BigInt(b.dataset.n); // amounts need more than 53 bits
    return x < y ? -1 : x > y ? 1 : 0;
  };

  const sort = (header, column) => {
    const numbers = header.classList.contains("number");
    const before = header.getAttribute("aria-sort");
    const falls = before ? before === "ascending" : numbers;
    headers.forEach((each) => each.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", falls ? "descending" : "ascending");
    const order = compare(column);
    rows.sort((one, other) => (falls ? order(other, one) : order(one, other)));
    body.append(...rows);
  };

  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sort(header, column));
  });

  const filter = () => {
    const words = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const content = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => content.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    told.textContent = `${shown} of ${rows.length} lines`;
  };
  wanted.addEventListener("input", filter);
  tools.hidden = false;
  filter();
}
