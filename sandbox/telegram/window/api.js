/* The control planes of the two stand-ins. They stay reachable when the stand-in itself is "down". */

export const settings = await (await fetch("/window/settings.json")).json();

async function call(url, body, method) {
  const options = body === undefined ? { method } : { method: method || "POST", body: JSON.stringify(body) };
  if (options.body) options.headers = { "Content-Type": "application/json" };
  const response = await fetch(url, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error || String(response.status));
  return answer;
}

const query = (values) => {
  const known = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return known.length ? `?${new URLSearchParams(known)}` : "";
};

export const telegram = {
  get: (path, values = {}) => call(`${settings.control_url}/_sandbox/${path}${query(values)}`),
  post: (path, body = {}) => call(`${settings.control_url}/_sandbox/${path}`, body),
  remove: (path) => call(`${settings.control_url}/_sandbox/${path}`, undefined, "DELETE"),
};

export const esimgo = {
  known: Boolean(settings.esimgo_control_url),
  get: (path, values = {}) => call(`${settings.esimgo_control_url}/_sandbox/${path}${query(values)}`),
  post: (path, body = {}) => call(`${settings.esimgo_control_url}/_sandbox/${path}`, body),
  remove: (path) => call(`${settings.esimgo_control_url}/_sandbox/${path}`, undefined, "DELETE"),
};
