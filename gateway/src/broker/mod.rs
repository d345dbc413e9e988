//! Sessions, subscriptions, routing and retained messages.
