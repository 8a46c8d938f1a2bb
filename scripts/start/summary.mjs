/**
 * @typedef {object} Summary
 * @property {string} site
 * @property {string} api
 * @property {string} docs
 * @property {string} token
 * @property {string} store in words
 * @property {boolean} sendsMail whether mails leave this machine
 * @property {string} logs
 * @property {string} date YYYY-MM-DD, a day with demo data
 * @property {boolean} apiMoved whether the API is not on its default port
 * @property {boolean} siteMoved
 */

/**
 * The short list that `npm start` ends with.
 * @param {Summary} summary
 */
export function toSummaryText({ site, api, docs, token, store, sendsMail, logs, date, apiMoved, siteMoved }) {
  return `
Millpond is running.

  Site        ${site}${siteMoved ? '  (port 3000 is taken)' : ''}
  Mails       ${sendsMail ? 'sent through Resend' : `${site}/dev/mail`}
  API docs    ${docs}${apiMoved ? '  (port 8787 is taken)' : ''}
  Store       ${store}
  Logs        ${logs}
  Demo token  ${token}
  More users  ${api}/dev/personas

Try it twice; the second answer comes from the cache:

  curl -i -H 'Authorization: Bearer ${token}' '${api}/api/v1/analytics/daily-summary?date=${date}'

Ctrl-C stops everything.
`
}
