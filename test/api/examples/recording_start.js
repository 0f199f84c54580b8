const response = await fetch('https://api.market.implica.ru/api/recording/start', {
  method: 'POST',
  headers: {
    'Authorization': 'Bearer ' + accessToken,
    'Content-Type': 'application/json'
  },
  body: JSON.stringify({
    roomName: '!abc:matrix.org'
  })
});

const data = await response.json();
console.log('Egress ID:', data.egressId);
