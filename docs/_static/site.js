// Names, for readers of screens, that the theme leaves out.
document.addEventListener("DOMContentLoaded", () => {
  for (const summary of document.querySelectorAll("nav details > summary")) {
    const page = summary.closest("li")?.querySelector("a");
    const name = page ? page.textContent.trim() : "this page";
    summary.setAttribute("aria-label", `Pages below ${name}`);
  }
  // The name of these is their text, which their label leaves out.
  const labelled = ".search-button-field, .version-switcher__button";
  for (const button of document.querySelectorAll(labelled)) {
    button.removeAttribute("aria-label");
  }
});
