// Usage: node load.mjs URL. Stands for users: a request every 5 ms until it is ended.
const [url] = process.argv.slice(2);
const pages = ["", "search?q=tea"];
let sent = 0;
setInterval(() => {
  fetch(new URL(pages[sent++ % pages.length], url))
    .then((response) => response.arrayBuffer())
    .catch(() => {});
}, 5);
