//! Departures from the protocol: what was expected, and what came.

/// A rule of the protocol that was broken. The texts are those of `{0}`: what was expected, and of
/// `{1}`: what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A master answers what was asked, once.
    UnaskedReply,
    /// An answer fits what was asked.
    WrongReply,
    /// `+FULLRESYNC` names a history of 40 characters and an offset.
    FullResyncForm,
    /// `+CONTINUE` goes on with the history that was asked for, or names the one that follows it.
    ContinueUnknown,
    /// A replica asks for the byte after the last one it holds.
    AskedBeyond,
    /// An RDB is as long as was announced.
    RdbLength,
    /// After the announced length an RDB has ended.
    RdbUnended,
    /// After the RDB, or `+CONTINUE`, come commands.
    StreamForm,
    /// A replica acknowledges what it was sent, not more.
    AckBeyond,
    /// Acknowledged offsets do not fall.
    AckBack,
    /// Once the stream flows a replica says nothing but `REPLCONF ACK`.
    ReplicaTalks,
    /// What is said is RESP.
    NoProtocol,
}

impl Rule {
    /// All rules.
    pub const ALL: &[Self] = &[
        Self::UnaskedReply,
        Self::WrongReply,
        Self::FullResyncForm,
        Self::ContinueUnknown,
        Self::AskedBeyond,
        Self::RdbLength,
        Self::RdbUnended,
        Self::StreamForm,
        Self::AckBeyond,
        Self::AckBack,
        Self::ReplicaTalks,
        Self::NoProtocol,
    ];

    /// The rule in English, with `{0}` for what was expected and `{1}` for what came.
    pub fn english(self) -> &'static str {
        match self {
            Self::UnaskedReply => "No answer was due, but one came: {1}",
            Self::WrongReply => "The answer should have been {0}; what came is {1}",
            Self::FullResyncForm => {
                "A full resynchronisation is answered with +FULLRESYNC, an id of 40 characters and \
                 an offset; what came is {1}"
            }
            Self::ContinueUnknown => {
                "The partial resynchronisation can only go on with {0}; what came is {1}"
            }
            Self::AskedBeyond => {
                "The replica has been sent the stream up to the byte before {0}, but asks for byte \
                 {1}"
            }
            Self::RdbLength => "The RDB was announced with {0} bytes, but it ends after {1}",
            Self::RdbUnended => {
                "The RDB was announced with {0} bytes, but after them it has not ended: its last \
                 bytes are {1}, which are no end mark with a checksum"
            }
            Self::StreamForm => "A command of the stream should have come; what came is {1}",
            Self::AckBeyond => {
                "The stream had been sent up to byte {0}, but the replica acknowledges {1}"
            }
            Self::AckBack => "The replica had acknowledged {0} already, and now acknowledges {1}",
            Self::ReplicaTalks => {
                "Once the stream flows a replica says nothing but REPLCONF ACK; what came is {1}"
            }
            Self::NoProtocol => "This is no RESP: {1}",
        }
    }
}

/// A departure from the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The rule that was broken.
    pub rule: Rule,
    /// What was expected, for the rule's text.
    pub expected: String,
    /// What came.
    pub came: String,
    /// Where the bytes that show it begin in their direction of the connection, counted from 0.
    pub byte: u64,
    /// The packet of the capture that completed them, from 1; `None` where there are no packets.
    pub packet: Option<u64>,
}

impl Breach {
    /// The departure in English.
    pub fn english(&self) -> String {
        self.fill(self.rule.english())
    }

    /// Puts what was expected and what came into a text.
    pub fn fill(&self, text: &str) -> String {
        let parts = text.split("{0}").map(|part| part.replace("{1}", &self.came));
        parts.collect::<Vec<_>>().join(&self.expected)
    }
}
