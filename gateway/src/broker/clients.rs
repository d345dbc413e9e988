//! Single clients, as seen and acted on from outside of their connections.

use core::future::poll_fn;
use core::task::{Poll, Waker};
use std::sync::Arc;

use mqtt_codec::{PreparedPublish, Publish, QoS, ReasonCode};
use tokio::sync::oneshot;

use super::Broker;
use super::message::{Delivery, Identifiers, Message, Receipt};
use super::records;
use super::session::{Pushed, Session, SessionKey};

/// What is known of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientState {
    /// Seconds that its session lives on without a connection.
    pub(crate) expiry: u32,
    pub(crate) link: LinkState,
}

/// Its connection, or the end of its last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkState {
    Connected {
        /// Milliseconds of the broker's clock.
        since: u64,
        peer: Arc<str>,
        keep_alive: u16,
    },
    Disconnected {
        since: Option<u64>,
    },
}

/// What became of the wish to end a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// There is no such connection.
    Unknown,
    Done,
}

/// What became of a message for one client.
#[derive(Debug)]
pub(crate) enum Direct {
    /// The client is not connected.
    Offline,
    /// Its queue is full.
    Full,
    /// It waits for its turn.
    Sent,
    /// It waits for its turn; the receipt comes with PUBACK, and never if there will be none.
    Awaited(oneshot::Receiver<()>),
}

impl Broker {
    /// What is known of a client; `None` when it has neither a connection nor a session.
    pub(crate) fn client(&self, client_id: &str) -> Option<ClientState> {
        let session = self.session(client_id)?;
        let state = session.state.lock();
        let link = match &state.link {
            Some(link) => LinkState::Connected {
                since: link.since,
                peer: Arc::clone(&link.peer),
                keep_alive: link.keep_alive,
            },
            None => LinkState::Disconnected {
                since: state.disconnected,
            },
        };
        Some(ClientState {
            expiry: state.expiry,
            link,
        })
    }

    /// The subscriptions of a client in the order of their filters, at most `limit` of those after `after`; `None` when it
    /// has no session.
    pub(crate) fn subscriptions_of(
        &self,
        client_id: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Option<Vec<(String, QoS)>> {
        let key = SessionKey(self.session(client_id)?);
        let mut all: Vec<(String, QoS)> = self
            .index
            .read()
            .subscriptions_of(&key)
            .map(|(filter, share, granted)| {
                (records::filter_text(filter.as_str(), share), granted.qos)
            })
            .filter(|(filter, _)| after.is_none_or(|after| filter.as_str() > after))
            .collect();
        all.sort();
        all.truncate(limit);
        Some(all)
    }

    /// Ends the connection of a client and returns when it has let go of its session.
    ///
    /// With `end_session` the session goes too, also one that has no connection; with `without_will` its will is forgotten.
    pub(crate) async fn end_client(
        &self,
        client_id: &str,
        end_session: bool,
        without_will: bool,
    ) -> Ended {
        let Some(session) = self.session(client_id) else {
            return Ended::Unknown;
        };
        let (generation, waker) = {
            let mut state = session.state.lock();
            let is_connected = state.link.is_some();
            if !is_connected && !end_session {
                return Ended::Unknown;
            }
            if without_will {
                state.will = None;
            }
            if end_session {
                session.set_expiry(&mut state, 0);
            }
            let waker = state.close(ReasonCode::AdministrativeAction);
            (is_connected.then_some(state.generation), waker)
        };
        waker.into_iter().for_each(Waker::wake);
        match generation {
            Some(generation) => released(&session, generation).await,
            None => self.end_session_of(&session, None),
        }
        Ended::Done
    }

    /// Lets a message wait for one client, whether it subscribes to the topic or not. With QoS 1 its PUBACK is told of.
    ///
    /// The message is not kept: when the connection is lost before it is sent, it is lost or comes with the next one.
    pub(crate) fn send_direct(&self, client_id: &str, publish: &Publish, qos: QoS) -> Direct {
        let Some(session) = self.session(client_id) else {
            return Direct::Offline;
        };
        if !session.is_connected() {
            return Direct::Offline;
        }
        let (receipt, received) = if qos == QoS::AtMostOnce {
            (None, None)
        } else {
            let (receipt, received) = Receipt::new();
            (Some(Box::new(receipt)), Some(received))
        };
        let delivery = Delivery {
            message: Arc::new(Message {
                publish: PreparedPublish::new(publish),
                qos,
                arrived: self.clock.millis(),
                expires: None,
                row: None,
                receipt,
            }),
            qos,
            retain: false,
            identifiers: Identifiers::None,
            row: None,
            again: false,
        };
        let mut wakers = Vec::new();
        let pushed = session.push(delivery, &self.settings.limits, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
        match (pushed, received) {
            (Pushed::Offline | Pushed::Ended, _) => Direct::Offline,
            (Pushed::Full, _) => Direct::Full,
            (Pushed::Waiting | Pushed::UnderPressure, None) => Direct::Sent,
            (Pushed::Waiting | Pushed::UnderPressure, Some(received)) => Direct::Awaited(received),
        }
    }
}

/// Returns when the connection of this generation does not hold the session any more.
async fn released(session: &Session, generation: u64) {
    poll_fn(|cx| {
        let mut state = session.state.lock();
        if !state.is_held_by(generation) {
            return Poll::Ready(());
        }
        // Whoever waits for room in the queue is woken when the connection ends, too.
        if !state.relief.iter().any(|other| other.will_wake(cx.waker())) {
            state.relief.push(cx.waker().clone());
        }
        Poll::Pending
    })
    .await;
}
