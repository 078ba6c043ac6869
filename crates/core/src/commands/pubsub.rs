//! The table of the commands about channels, and `MONITOR`. The node carries them out.

use super::server::NodeCommand;
use super::table::{Flags, Group, Keys, Row};

const ANYTIME: Flags = Flags::PUBSUB.and(Flags::LOADING).and(Flags::STALE);
const SUBSCRIBE: Flags = ANYTIME.and(Flags::NOSCRIPT);
const PUBLISH: Flags = ANYTIME.and(Flags::FAST).and(Flags::MAY_REPLICATE);

const FAMILY: Group = Group::PubSub;

#[rustfmt::skip] // a table: one command, three lines
/// This family's commands.
pub(crate) const COMMANDS: &[Row] = &[
    FAMILY.node("subscribe", -2, SUBSCRIBE, Keys::NONE, "2.0.0", NodeCommand::Subscribe,
        "channel [channel ...]",
        "Listens for messages on channels."),
    FAMILY.node("unsubscribe", -1, SUBSCRIBE, Keys::NONE, "2.0.0", NodeCommand::Unsubscribe,
        "[channel [channel ...]]",
        "Listens no more for messages on channels."),
    FAMILY.node("psubscribe", -2, SUBSCRIBE, Keys::NONE, "2.0.0", NodeCommand::Psubscribe,
        "pattern [pattern ...]",
        "Listens for messages on all channels that match patterns."),
    FAMILY.node("punsubscribe", -1, SUBSCRIBE, Keys::NONE, "2.0.0", NodeCommand::Punsubscribe,
        "[pattern [pattern ...]]",
        "Listens no more for messages on channels that match patterns."),
    FAMILY.node("ssubscribe", -2, SUBSCRIBE, Keys::ALL, "7.0.0", NodeCommand::Ssubscribe,
        "shardchannel [shardchannel ...]",
        "Listens for messages on shard channels."),
    FAMILY.node("sunsubscribe", -1, SUBSCRIBE, Keys::ALL, "7.0.0", NodeCommand::Sunsubscribe,
        "[shardchannel [shardchannel ...]]",
        "Listens no more for messages on shard channels."),
    FAMILY.node("publish", 3, PUBLISH, Keys::NONE, "2.0.0", NodeCommand::Publish,
        "channel message",
        "Sends a message to all who listen on a channel."),
    FAMILY.node("spublish", 3, PUBLISH, Keys::ONE, "7.0.0", NodeCommand::Spublish,
        "shardchannel message",
        "Sends a message to all who listen on a shard channel."),
    FAMILY.node("pubsub", -2, ANYTIME, Keys::NONE, "2.8.0", NodeCommand::Pubsub,
        "subcommand [argument [argument ...]]",
        "Tells about channels and who listens."),
    Group::Server.node("monitor", 1,
        Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE), Keys::NONE,
        "1.0.0", NodeCommand::Monitor,
        "",
        "Shows every command that the server runs."),
];
