//! Channels: who listens on which, and messages to them.
//!
//! A master's `PUBLISH` goes into its stream as it is, so that who listens on a replica hears what
//! is said on its master. Messages are pushed: they come between replies, also to a client that
//! wants no replies.
//!
//! # Invariants
//!
//! * A connection is in the list of a name exactly if the name is in its [`Subs`]; a list is never
//!   empty.
//! * The order of messages follows from the order of subscriptions, and patterns come by name.

use std::collections::{BTreeMap, BTreeSet};

use super::Node;
use super::admin::{Sub, help};
use super::conn::{Conn, ReplyMode};
use crate::commands::Outcome;
use crate::commands::server::NodeCommand;
use crate::config::EventClasses;
use crate::glob;
use crate::id::ConnId;
use crate::keyspace::Notice;
use crate::resp::{Args, Reply};
use crate::trace::Trace;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Channel,
    Pattern,
    Shard,
}

impl Space {
    /// The names of the messages: to have subscribed, to have unsubscribed.
    fn words(self) -> [&'static [u8]; 2] {
        match self {
            Self::Channel => [b"subscribe", b"unsubscribe"],
            Self::Pattern => [b"psubscribe", b"punsubscribe"],
            Self::Shard => [b"ssubscribe", b"sunsubscribe"],
        }
    }
}

/// Who listens, by name, in the order of subscription.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Listeners {
    spaces: [BTreeMap<Vec<u8>, Vec<ConnId>>; 3],
}

impl Listeners {
    /// How many names somebody listens for.
    pub(super) fn names(&self, space: Space) -> usize {
        self.spaces[space as usize].len()
    }
}

/// What a connection listens for.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Subs {
    spaces: [BTreeSet<Vec<u8>>; 3],
}

impl Subs {
    pub(super) fn count(&self, space: Space) -> usize {
        self.spaces[space as usize].len()
    }

    /// The number that `SUBSCRIBE` and its like reply with.
    fn counted_with(&self, space: Space) -> usize {
        match space {
            Space::Shard => self.count(Space::Shard),
            _ => self.count(Space::Channel) + self.count(Space::Pattern),
        }
    }
}

/// A message in both versions of the protocol.
struct Message {
    forms: [Vec<u8>; 2],
}

impl Message {
    fn new(parts: &[&[u8]]) -> Self {
        let form = |resp3| {
            let mut reply = Reply::new();
            reply.set_resp3(resp3);
            reply.push(parts.len());
            parts.iter().for_each(|part| reply.bulk(part));
            std::mem::take(reply.buffer_mut())
        };
        Self { forms: [form(false), form(true)] }
    }

    fn push_to(&self, conn: &mut Conn) {
        let form = &self.forms[usize::from(conn.out.resp3())];
        conn.out.buffer_mut().extend_from_slice(form);
    }
}

impl<T: Trace> Node<T> {
    /// `SUBSCRIBE`, `UNSUBSCRIBE` and their like.
    pub(super) fn subscription(&mut self, conn: &mut Conn, command: NodeCommand, args: Args<'_>) {
        let (space, on) = match command {
            NodeCommand::Subscribe => (Space::Channel, true),
            NodeCommand::Psubscribe => (Space::Pattern, true),
            NodeCommand::Ssubscribe => (Space::Shard, true),
            NodeCommand::Punsubscribe => (Space::Pattern, false),
            NodeCommand::Sunsubscribe => (Space::Shard, false),
            _ => (Space::Channel, false),
        };
        let word = space.words()[usize::from(!on)];
        let mut names: Vec<Vec<u8>> = args.from(1).map(<[u8]>::to_vec).collect();
        if names.is_empty() {
            let own = conn.subs.as_ref().map(|subs| &subs.spaces[space as usize]);
            names = own.into_iter().flatten().cloned().collect();
            if names.is_empty() {
                self.subscription_reply(conn, space, word, None);
            }
        }
        for name in names {
            if on {
                self.subscribe(conn, space, &name);
            } else {
                self.unsubscribe(conn, space, &name);
            }
            self.subscription_reply(conn, space, word, Some(&name));
        }
        conn.subs.take_if(|subs| subs.spaces.iter().all(BTreeSet::is_empty));
        pushed(conn);
    }

    fn subscription_reply(&self, conn: &mut Conn, space: Space, word: &[u8], name: Option<&[u8]>) {
        let count = conn.subs.as_ref().map_or(0, |subs| subs.counted_with(space));
        conn.out.push(3);
        conn.out.bulk(word);
        match name {
            Some(name) => conn.out.bulk(name),
            None => conn.out.null(),
        }
        conn.out.count(count);
    }

    fn subscribe(&mut self, conn: &mut Conn, space: Space, name: &[u8]) {
        let subs = conn.subs.get_or_insert_default();
        if subs.spaces[space as usize].insert(name.to_vec()) {
            let listeners = &mut self.listeners.spaces[space as usize];
            listeners.entry(name.to_vec()).or_default().push(conn.id);
        }
    }

    fn unsubscribe(&mut self, conn: &mut Conn, space: Space, name: &[u8]) {
        let Some(subs) = &mut conn.subs else { return };
        if !subs.spaces[space as usize].remove(name) {
            return;
        }
        let listeners = &mut self.listeners.spaces[space as usize];
        if let Some(ids) = listeners.get_mut(name) {
            ids.retain(|id| *id != conn.id);
            if ids.is_empty() {
                listeners.remove(name);
            }
        }
    }

    /// The connection listens no more, and is not told.
    pub(super) fn unsubscribe_all(&mut self, conn: &mut Conn) {
        let Some(subs) = conn.subs.clone() else { return };
        for space in [Space::Channel, Space::Pattern, Space::Shard] {
            for name in &subs.spaces[space as usize] {
                self.unsubscribe(conn, space, name);
            }
        }
        conn.subs = None;
    }

    /// `PUBLISH`, `SPUBLISH`
    pub(super) fn publish_command(&mut self, conn: &mut Conn, shard: bool, args: Args<'_>) {
        let space = if shard { Space::Shard } else { Space::Channel };
        let receivers = self.publish(Some(conn), space, args.at(1), args.at(2));
        self.propagate_own(conn.db, args, 0);
        conn.out.count(receivers);
    }

    /// Tells who listens what happened to keys (`notify-keyspace-events`).
    #[cold]
    pub(super) fn publish_notices(&mut self, mut in_hand: Option<&mut Conn>) {
        let classes = self.config.keyspace_events;
        for Notice { db, key, name } in self.keyspace.take_notices() {
            if classes.meets(EventClasses::KEYSPACE) {
                let mut channel = format!("__keyspace@{db}__:").into_bytes();
                channel.extend_from_slice(&key);
                let hand = in_hand.as_deref_mut();
                self.publish(hand, Space::Channel, &channel, name.as_bytes());
            }
            if classes.meets(EventClasses::KEYEVENT) {
                let channel = format!("__keyevent@{db}__:{name}");
                self.publish(in_hand.as_deref_mut(), Space::Channel, channel.as_bytes(), &key);
            }
        }
    }

    /// Sends a message to all who listen, and returns how many. `in_hand` is the connection whose
    /// command this is, if there is one, and which may listen itself.
    pub(super) fn publish(
        &mut self,
        mut in_hand: Option<&mut Conn>,
        space: Space,
        channel: &[u8],
        text: &[u8],
    ) -> usize {
        let mut receivers = 0;
        if let Some(ids) = self.listeners.spaces[space as usize].get(channel) {
            let word: &[u8] = if space == Space::Shard { b"smessage" } else { b"message" };
            let ids = ids.clone();
            let message = Message::new(&[word, channel, text]);
            self.send_to(in_hand.as_deref_mut(), &ids, &message);
            receivers += ids.len();
        }
        if space == Space::Channel && self.listeners.names(Space::Pattern) > 0 {
            let patterns = self.listeners.spaces[Space::Pattern as usize].iter();
            let matching = patterns.filter(|(pattern, _)| glob::matches(pattern, channel, false));
            let matching: Vec<_> = matching.map(|(p, ids)| (p.clone(), ids.clone())).collect();
            for (pattern, ids) in matching {
                let message = Message::new(&[b"pmessage", &pattern, channel, text]);
                self.send_to(in_hand.as_deref_mut(), &ids, &message);
                receivers += ids.len();
            }
        }
        receivers
    }

    fn send_to(&mut self, mut in_hand: Option<&mut Conn>, ids: &[ConnId], message: &Message) {
        for id in ids {
            if let Some(conn) = in_hand.as_deref_mut().filter(|conn| conn.id == *id) {
                message.push_to(conn);
                pushed(conn);
            } else if let Some(mut conn) = self.conns.take(*id) {
                message.push_to(&mut conn);
                self.put_back(conn);
            }
        }
    }

    /// `PUBSUB`
    pub(super) fn pubsub_command(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let sub = Sub::new("pubsub", args);
        if sub.is("channels", -2)? {
            conn.last_command = "pubsub|channels";
            if args.len() > 3 {
                return Err(sub.wrong());
            }
            self.active_names(conn, Space::Channel, args.get(2));
        } else if sub.is("shardchannels", -2)? {
            conn.last_command = "pubsub|shardchannels";
            if args.len() > 3 {
                return Err(sub.wrong());
            }
            self.active_names(conn, Space::Shard, args.get(2));
        } else if sub.is("numsub", -2)? {
            conn.last_command = "pubsub|numsub";
            self.listener_counts(conn, Space::Channel, args);
        } else if sub.is("shardnumsub", -2)? {
            conn.last_command = "pubsub|shardnumsub";
            self.listener_counts(conn, Space::Shard, args);
        } else if sub.is("numpat", 2)? {
            conn.last_command = "pubsub|numpat";
            conn.out.count(self.listeners.names(Space::Pattern));
        } else if sub.is("help", 2)? {
            conn.last_command = "pubsub|help";
            help(&mut conn.out, "PUBSUB", HELP);
        } else {
            return Err(sub.unknown());
        }
        Ok(())
    }

    fn active_names(&self, conn: &mut Conn, space: Space, pattern: Option<&[u8]>) {
        let names = self.listeners.spaces[space as usize].keys();
        let names = names.filter(|name| pattern.is_none_or(|p| glob::matches(p, name, false)));
        let names: Vec<_> = names.collect();
        conn.out.array(names.len());
        names.iter().for_each(|name| conn.out.bulk(name));
    }

    fn listener_counts(&self, conn: &mut Conn, space: Space, args: Args<'_>) {
        conn.out.array(2 * (args.len() - 2));
        for name in args.from(2) {
            conn.out.bulk(name);
            let ids = self.listeners.spaces[space as usize].get(name);
            conn.out.count(ids.map_or(0, Vec::len));
        }
    }
}

/// What was just written to the connection in hand was pushed: it stays even if the client wants no
/// reply to its command.
fn pushed(conn: &mut Conn) {
    if conn.reply_mode != ReplyMode::On {
        conn.pushed_to = conn.out.bytes().len();
    }
}

const HELP: &[&str] = &[
    "CHANNELS [<pattern>]",
    "    Return the names of the channels that somebody listens on, matching a pattern.",
    "NUMPAT",
    "    Return the number of patterns that somebody listens for.",
    "NUMSUB [<channel> ...]",
    "    Return how many listen on each channel, not counting patterns.",
    "SHARDCHANNELS [<pattern>]",
    "    Return the names of the shard channels that somebody listens on.",
    "SHARDNUMSUB [<shardchannel> ...]",
    "    Return how many listen on each shard channel.",
];
