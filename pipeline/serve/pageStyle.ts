/** What the live page has besides a report. */
export const pageStyle = ``;
