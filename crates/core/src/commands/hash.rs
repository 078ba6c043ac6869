//! Commands of this family.

use super::CommandSpec;

/// This family's commands.
pub const COMMANDS: &[CommandSpec] = &[];
