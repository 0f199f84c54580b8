async function pollStatus(egressId) {
  const response = await fetch(
    `https://api.market.implica.ru/api/recording/status?egressId=${egressId}`,
    {
      headers: {
        'Authorization': 'Bearer ' + accessToken
      }
    }
  );

  const data = await response.json();

  if (data.status === 1) {
    console.log('Recording ready:', data.downloadUrl);
    return data;
  } else if (data.status === 2) {
    console.error('Recording failed:', data.error);
    throw new Error(data.error);
  }

  // Still processing, poll again
  await new Promise(resolve => setTimeout(resolve, 1000));
  return pollStatus(egressId);
}
