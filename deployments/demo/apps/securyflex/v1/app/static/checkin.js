"use strict";

const form = document.getElementById("checkin");
const result = document.getElementById("result");

function position() {
  return new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, reject, { timeout: 5000 }));
}

async function send(coords) {
  const body = {
    id: crypto.randomUUID(),
    shift_id: Number(form.elements.shift_id.value),
    latitude: coords.latitude,
    longitude: coords.longitude,
    accuracy_meters: coords.accuracy,
  };
  const headers = { "Content-Type": "application/json" };
  return fetch("/api/checkins", { method: "POST", headers, body: JSON.stringify(body) });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const answer = await send((await position()).coords);
    result.textContent = answer.ok ? "Checked in." : "That did not work: " + (await answer.json()).problem;
  } catch (error) {
    result.textContent = "That did not work: " + error.message;
  }
});
