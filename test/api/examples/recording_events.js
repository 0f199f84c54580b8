const ws = new WebSocket('wss://api.market.implica.ru/api/recording/ws');

ws.onmessage = (event) => {
  const data = JSON.parse(event.data);
  console.log('Recording status:', data.status);
};
