const response = await fetch(
  'https://api.market.implica.ru/api/recording/list?roomName=!abc:matrix.org',
  {
    headers: {
      'Authorization': 'Bearer ' + accessToken
    }
  }
);

const data = await response.json();
console.log('Found recordings:', data.recordings.length);
data.recordings.forEach(rec => {
  console.log(`- ${rec.egressId}: ${rec.status === 1 ? 'Ready' : 'Processing'}`);
});
