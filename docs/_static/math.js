// Shows the formulas of a page as MathML with Temml, so that the pages need no network.
for (const element of document.querySelectorAll(".math")) {
  const source = element.textContent.trim();
  const display = source.startsWith("\\[");
  const formula = source.replace(/^\\[\[(]/, "").replace(/\\[\])]$/, "");
  temml.render(formula, element, { displayMode: display, throwOnError: false });
}
