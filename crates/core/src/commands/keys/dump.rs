//! `DUMP` stub
use crate::commands::{Ctx, Outcome};
use crate::resp::Args;
pub(super) fn dump(_ctx: &mut Ctx<'_>, _args: Args<'_>) -> Outcome {
    Err(crate::commands::CmdError::fixed("ERR not implemented yet"))
}
pub(super) fn restore(_ctx: &mut Ctx<'_>, _args: Args<'_>) -> Outcome {
    Err(crate::commands::CmdError::fixed("ERR not implemented yet"))
}
