// Package browser drives headless Chromium: the stock libraries nats-core and nats.ws in a page that the stage serves,
// and Weir's own console page.
//
// One Chromium serves the whole run. It is driven by playwright-core in driver.mjs, a Node process that takes one JSON
// line for each call and answers with one.
package browser
