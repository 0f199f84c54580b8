// Search runs in a worker made from a blob, which the page's content policy does not allow.
Redoc.init('/openapi.json', { disableSearch: true, hideDownloadButton: false }, document.getElementById('redoc'));
