//! Icons and marks as inline SVG: fonts lack half of them.

use lockstep_core::id::ReplId;
use lockstep_sim::MessageKind;
use yew::prelude::*;

/// Paths on a grid of 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    Back,
    Forward,
    BackFar,
    ForwardFar,
    Play,
    Pause,
    Restart,
    Sun,
    Moon,
    Check,
    Circle,
    Cross,
    Plus,
    Power,
    Snow,
    Bolt,
    Cut,
    Link,
    Grid,
    Save,
    Branch,
    Share,
    World,
    File,
    Live,
    Host,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Back => "M10 3 5 8l5 5",
            Self::Forward => "m6 3 5 5-5 5",
            Self::BackFar => "M12 3 7 8l5 5M4 3v10",
            Self::ForwardFar => "m4 3 5 5-5 5M12 3v10",
            Self::Play => "M5 3v10l8-5z",
            Self::Pause => "M5.5 3v10M10.5 3v10",
            Self::Restart => "M3 8a5 5 0 1 0 1.6-3.6M3 2.5v3h3",
            Self::Sun => {
                "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1"
            }
            Self::Moon => "M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z",
            Self::Check => "m3 8.5 3.5 3.5L13 4.5",
            Self::Circle => "M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7",
            Self::Cross => "m4 4 8 8M12 4l-8 8",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Power => "M8 2v5M4.5 4.5a5 5 0 1 0 7 0",
            Self::Snow => "M8 2v12M2.8 5l10.4 6M13.2 5 2.8 11",
            Self::Bolt => "M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z",
            Self::Cut => "M1.5 8H6M10 8h4.5M6.5 5l3 6M9.5 5l-3 6",
            Self::Link => "M1.5 8h13",
            Self::Share => "M5.500 7H3.500v6.500h9V7h-2M8 10V2.500M5.500 5 8 2.500 10.500 5",
            Self::Branch => {
                "M4.500 3v10M4.500 8.500c4 0 7-1 7-5M11.500 3.500 9.800 5.200M11.500 3.500l1.700 1.700"
            }
            Self::Save => "M8 2v8M4.5 7 8 10.500 11.500 7M3 13.500h10",
            Self::Grid => "M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z",
            Self::Host => "M2.5 2.5h11v4h-11zM2.5 9.5h11v4h-11zM5 4.500v0M5 11.500v0",
            Self::File => "M4 2h5l3 3v9H4zM9 2v3h3",
            Self::Live => {
                "M8 6.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3M4.8 4.8a4.5 4.5 0 0 0 0 6.4M11.2 4.8a4.5 4.5 0 0 1 0 6.4M2.7 2.7a7.5 7.5 0 0 0 0 10.6M13.3 2.7a7.5 7.5 0 0 1 0 10.6"
            }
            Self::World => {
                "M8 1.5v4M8 5.5 3.5 10M8 5.5l4.5 4.5M8 5.5V10M2 10h3v3H2zM6.500 10h3v3h-3zM11 10h3v3h-3z"
            }
        }
    }
}

/// An icon; the control around it has the name.
pub(crate) fn icon(icon: Icon) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d={icon.path()} /></svg>
    }
}

/// The mark of a history: the same id has the same colour and shape everywhere.
pub(crate) fn history(id: &ReplId) -> Html {
    const PATHS: [&str; 6] = [
        "M6 0l6 6-6 6-6-6z",
        "M6 .5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z",
        "M6 .5 12 11.5H0z",
        "M1 1h10v10H1z",
        "M3 .5h6L12 6l-3 5.5H3L0 6z",
        "M4 0h4v4h4v4H8v4H4V8H0V4h4z",
    ];
    let hash = id
        .as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_u32, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let (colour, shape) = ((hash >> 7) as usize % 6, (hash >> 17) as usize % 6);
    html! {
        <svg class={classes!("mark", format!("h{colour}"))} viewBox="0 0 12 12" aria-hidden="true">
            <path d={PATHS[shape]} />
        </svg>
    }
}

/// The family a message belongs to, which decides its shape and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Handshake,
    Rdb,
    Stream,
    Ack,
    Error,
    Client,
    Control,
}

impl Family {
    pub(crate) fn of(kind: MessageKind) -> Self {
        match kind {
            MessageKind::Handshake | MessageKind::Reply => Self::Handshake,
            MessageKind::Rdb | MessageKind::RdbHeader => Self::Rdb,
            MessageKind::Stream | MessageKind::Ping => Self::Stream,
            MessageKind::Ack => Self::Ack,
            MessageKind::Error | MessageKind::Refuse | MessageKind::Reset => Self::Error,
            MessageKind::Request | MessageKind::Response => Self::Client,
            MessageKind::Connect
            | MessageKind::Accept
            | MessageKind::Fin
            | MessageKind::Keepalive => Self::Control,
        }
    }

    /// The class that colours it.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Handshake => "f-hand",
            Self::Rdb => "f-rdb",
            Self::Stream => "f-stream",
            Self::Ack => "f-ack",
            Self::Error => "f-error",
            Self::Client => "f-client",
            Self::Control => "f-control",
        }
    }
}

/// A message's shape. An RDB part is as long as its share of the data allows.
pub(crate) fn message(family: Family, bytes: usize) -> Html {
    let (width, path) = match family {
        Family::Handshake => (18, "M9 1l8 8-8 8-8-8z".to_owned()),
        Family::Rdb => {
            // A bar from 22 to 54 wide: four units more for each doubling above 64 bytes.
            let doublings = (bytes / 64).max(1).ilog2();
            let width = (22 + 4 * doublings).min(54);
            (width, format!("M1 4h{}v10H1z", width - 2))
        }
        Family::Stream => (18, "M3 3h12v12H3z".to_owned()),
        Family::Ack => (18, "M9 3a6 6 0 1 0 0 12A6 6 0 0 0 9 3z".to_owned()),
        Family::Error => (18, "M9 2l8 14H1z".to_owned()),
        Family::Client => (18, "M3 5h12v8H3z".to_owned()),
        Family::Control => (18, "M9 6a3 3 0 1 0 0 6 3 3 0 0 0 0-6z".to_owned()),
    };
    html! {
        <svg
            class={classes!("shape", family.class())}
            width={width.to_string()}
            height="18"
            viewBox={format!("0 0 {width} 18")}
            aria-hidden="true"
        ><path d={path} /></svg>
    }
}
