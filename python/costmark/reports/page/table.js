"use strict";
// Tables of class "sorts" sort by their headers and filter by a word. Nothing is stored or fetched.
const counts = new Map(); // of each table, as several may have one filter
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

  // A total is that of the lines that are left; without a word it is the one that was written.
  const foot = table.tFoot ? Array.from(table.tFoot.rows[0].cells) : [];
  const written = foot.map((cell) => cell.textContent);
  const sum = (column) => rows.filter((row) => !row.hidden)
    .reduce((all, row) => all + BigInt(row.cells[column].dataset.n), 0n);
  const dollars = (units, digits, sign) => {
    const text = (units < 0n ? -units : units).toString().padStart(digits + 1, "0");
    const whole = text.slice(0, -digits).replace(/\B(?=(\d{3})+$)/g, ",");
    return `${units < 0n ? "-" : units ? sign : ""}$${whole}.${text.slice(-digits)}`;
  };
  const total = (shown, isFiltered) => foot.forEach((cell, column) => {
    const digits = Number(cell.dataset.digits);
    if (!isFiltered || (column && !digits)) {
      cell.textContent = written[column];
    } else if (column) {
      const isSigned = rows.some((row) => row.cells[column].textContent.startsWith("+"));
      cell.textContent = dollars(sum(column), digits, isSigned ? "+" : "");
    } else {
      cell.textContent = `Total of ${shown === 1 ? "1 line" : `${shown} lines`} shown`;
    }
  });

  const filter = () => {
    const words = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const content = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => content.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    if (foot.some((cell) => cell.dataset.digits)) total(shown, words.length > 0);
    const folded = table.closest("details");
    if (folded && words.length) folded.open = shown > 0;
    const digits = foot.length > 1 ? Number(foot[1].dataset.digits) : 0;
    counts.set(table, [shown, rows.length, digits ? sum(1) : 0n]);
    const [left, all, amount] = Array.from(counts)
      .filter(([each]) => each.dataset.tools === tools.id)
      .reduce((sums, [, more]) => sums.map((each, place) => each + more[place]), [0, 0, 0n]);
    told.textContent = `${left} of ${all} lines`;
    if (digits && words.length) told.textContent += `, ${dollars(amount, digits, "")} in all`;
  };
  wanted.addEventListener("input", filter);
  tools.hidden = false;
  filter();
}
