// The gateway serves the package uplot as /assets/uplot.js, next to the page's own modules.
export { default } from 'uplot';
