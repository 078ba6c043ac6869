//! The texts that the page opens with, and those of the steps that follow.
//!
//! They are fetched first (`lockstep_sim::narrate::pick`). One that is missing here is shown all
//! the same; but then all other texts come first, too, and the page is over its budget.

use super::Key;

/// In no order.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    Key::SkipToStage, Key::GoalNext,
    Key::AltMessage, Key::AltNode, Key::Back, Key::BackFar, Key::BacklogRange,
    Key::BacklogTitle, Key::Behind, Key::Bytes, Key::Console, Key::DoAdd, Key::DoFreeze,
    Key::DoKill, Key::DoRestart, Key::DoStop, Key::EraLabel, Key::ForwardFar, Key::From,
    Key::GoalConnected, Key::GoalDone, Key::GoalEqual, Key::GoalOpen, Key::GoalPartial,
    Key::GoalsTitle, Key::GrainDelivery, Key::GrainEvent, Key::GrainSegment,
    Key::GrainTransition, Key::GuideHonest, Key::GuideLabel, Key::GuideTitle, Key::Help,
    Key::Host, Key::InStep, Key::Keys, Key::KindAccept, Key::KindAck, Key::KindConnect,
    Key::KindError, Key::KindFin, Key::KindHandshake, Key::KindKeepalive, Key::KindPing,
    Key::KindRdb, Key::KindRdbHeader, Key::KindRefuse, Key::KindReply, Key::KindRequest,
    Key::KindReset, Key::KindResponse, Key::KindStream, Key::LaneGrip, Key::LaneSave,
    Key::LaneScale, Key::LaneSteps, Key::LaneText, Key::LaneTime, Key::LinkCut, Key::LinkName,
    Key::MarkCut, Key::MarkFull, Key::MarkPartial, Key::MarkRestore, Key::MarkShift,
    Key::MarkStart, Key::MarkStop, Key::NoBacklog, Key::Offset, Key::OneByte, Key::OneKey,
    Key::OwnOpen, Key::OwnOpenNote, Key::OwnStop, Key::PaneGuide, Key::PaneLower, Key::PaneSide,
    Key::PanesLabel, Key::Pause, Key::Play, Key::ReplAuth, Key::ReplCapa, Key::ReplConnect,
    Key::ReplConnected, Key::ReplConnecting, Key::ReplHandshake, Key::ReplIp, Key::ReplNone,
    Key::ReplPing, Key::ReplPort, Key::ReplPsync, Key::ReplSendPsync, Key::ReplTransfer,
    Key::Restart, Key::RoleMaster, Key::RoleReplica, Key::Sandbox, Key::SandboxNote, Key::Share,
    Key::SliderLabel, Key::SliderValue, Key::Speed, Key::StageLabel, Key::StateConnecting,
    Key::StateHandshake, Key::StateNoLink, Key::StateOnline, Key::StatePsync,
    Key::StateTransfer, Key::Step, Key::StepBy, Key::StepNumber, Key::TabBacklog,
    Key::TabEvents, Key::TabSpaceTime, Key::Tagline, Key::TellStart, Key::ThemeDark,
    Key::ThemeLight, Key::Title, Key::ToolsLabel, Key::TransportLabel, Key::TryBacklog,
    Key::TryCut, Key::TryCutText1, Key::TryCutText2, Key::TryCutText3, Key::TryEras,
    Key::TryFailover, Key::TryHandshake, Key::TryWrite, Key::WorldTitle, Key::WriterLabel,
    Key::WriterNone,
];
