//! From one schema to the next (law 10).
//!
//! A schema has a number, [`crate::SCHEMA_VERSION`] is this build's. A build that changes what is stored adds a [`Step`], which
//! brings a database from the number before to its own. A database runs the steps that it lacks when it is opened, one after the
//! other:
//!
//! - each in one transaction, together with the new number: a step that fails or is interrupted leaves the database as it was, and
//!   the next start does it again;
//! - with a copy made before it of what it touches: on the desktop of the whole file (`atelier.db.schema-1.backup`), in a browser of
//!   the step's tables (`backup 1 nodes`). A copy stays until somebody removes it.
//!
//! Schema 1 is what the first build stored, so there is no step yet. What a database of a larger number allows, [`Backend`]
//! tells: it is read, and never written to.
//!
//! [`Backend`]: crate::backend::Backend

/// Brings a database from one schema to the next. `Run` is the database's own: what it gives a step to work with.
#[derive(Clone, Copy, Debug)]
pub struct Step<Run> {
    /// What it does, in a few words, for the log.
    pub name: &'static str,
    /// The tables that it changes.
    pub tables: &'static [&'static str],
    /// Does it. An error undoes it.
    pub run: Run,
}

/// All steps of a build: the first leads from schema 1 to 2, each further one from there on.
#[derive(Debug)]
pub struct Steps<Run: 'static>(&'static [Step<Run>]);

impl<Run> Clone for Steps<Run> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Run> Copy for Steps<Run> {}

impl<Run> Steps<Run> {
    /// A build's steps, in their order.
    pub const fn new(steps: &'static [Step<Run>]) -> Self {
        Self(steps)
    }

    /// The schema to which they lead.
    #[expect(clippy::cast_possible_truncation, reason = "a build has a few steps")]
    pub const fn version(&self) -> u32 {
        1 + self.0.len() as u32
    }

    /// The step that a database of schema `found` needs next. None: it needs none.
    pub fn after(&self, found: u32) -> Option<&'static Step<Run>> {
        let at = usize::try_from(found.checked_sub(1)?).ok()?;
        self.0.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &'static str) -> Step<()> {
        Step { name, tables: &[], run: () }
    }

    #[test]
    fn each_schema_has_the_step_that_leads_from_it() {
        let steps = Steps::new(Box::leak(Box::new([step("second"), step("third")])));
        assert_eq!(steps.version(), 3);
        let next = |found| steps.after(found).map(|step| step.name);
        // A file without a schema is made, not migrated.
        assert_eq!([0, 1, 2, 3, 4, u32::MAX].map(next), [None, Some("second"), Some("third"), None, None, None]);
    }

    #[test]
    fn no_steps_lead_to_the_first_schema() {
        assert_eq!(Steps::<()>::new(&[]).version(), 1);
    }
}
