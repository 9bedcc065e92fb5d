(function () {
  "use strict";
  document.querySelectorAll(".tex").forEach(function (element) {
    var source = element.textContent;
    try {
      element.textContent = "";
      temml.render(source, element, { displayMode: element.classList.contains("display"), throwOnError: true, trust: false, annotate: true });
      element.setAttribute("data-done", "1");
    } catch (error) {
      element.textContent = source;
      element.setAttribute("data-failed", String(error.message || error));
    }
  });
  var steps = function () { return document.querySelectorAll("details.step"); };
  document.querySelectorAll(".controls").forEach(function (box) { box.hidden = false; });
  document.querySelectorAll("button[data-open]").forEach(function (button) {
    button.addEventListener("click", function () { steps().forEach(function (step) { step.open = button.dataset.open === "1"; }); });
  });
  var reveal = function () {
    var target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
    for (var node = target; node; node = node.parentElement) { if (node.tagName === "DETAILS") { node.open = true; } }
    if (target) { target.scrollIntoView(); }
  };
  window.addEventListener("hashchange", reveal);
  reveal();
  var closed = [];
  window.addEventListener("beforeprint", function () { closed = []; steps().forEach(function (step) { if (!step.open) { closed.push(step); step.open = true; } }); });
  window.addEventListener("afterprint", function () { closed.forEach(function (step) { step.open = false; }); });
})();
