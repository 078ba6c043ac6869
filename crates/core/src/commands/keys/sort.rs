//! `SORT` stub
use crate::commands::{Ctx, Outcome};
use crate::resp::Args;
pub(super) fn sort(_ctx: &mut Ctx<'_>, _args: Args<'_>) -> Outcome {
    Err(crate::commands::CmdError::fixed("ERR not implemented yet"))
}
pub(super) fn sort_ro(_ctx: &mut Ctx<'_>, _args: Args<'_>) -> Outcome {
    Err(crate::commands::CmdError::fixed("ERR not implemented yet"))
}
