// Sorts a table by the column whose heading is clicked: up, then down. The order is kept when the rows
// are replaced by newer ones. On a phone, a click on a page of the navigation closes the navigation.
(() => {
  if (window.tableOrders) return;
  const orders = (window.tableOrders = new Map());
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const nameOf = (table) => table.closest("[role=region]").getAttribute("aria-label");

  function compare(a, b) {
    const [x, y] = [a, b].map((cell) => cell.dataset.order ?? cell.textContent);
    const difference = Number(x) - Number(y);
    return Number.isNaN(difference) ? collator.compare(x, y) : difference;
  }

  function apply(table) {
    const order = orders.get(nameOf(table));
    const heads = [...table.tHead.rows[0].cells];
    if (!order || order.column >= heads.length) return;
    heads.forEach((head, n) => {
      if (n === order.column) head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const sign = order.down ? -1 : 1;
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => sign * compare(a.cells[order.column], b.cells[order.column]));
    table.tBodies[0].append(...rows);
  }

  document.addEventListener("click", (event) => {
    const head = event.target.closest(".rows thead th:has(button)");
    if (!head) return;
    const table = head.closest("table");
    orders.set(nameOf(table), {
      column: head.cellIndex,
      down: head.getAttribute("aria-sort") === "ascending",
    });
    apply(table);
  });

  document.addEventListener("click", (event) => {
    const isPhone = window.matchMedia("(max-width: 640px)").matches;
    if (isPhone && event.target.closest("[data-testid=stSidebar] a"))
      document.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
  });

  new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]);
    for (const node of added)
      if (node.querySelectorAll && !node.closest("tbody"))
        node.querySelectorAll(".rows table").forEach(apply);
  }).observe(document.body, { childList: true, subtree: true });
})();
