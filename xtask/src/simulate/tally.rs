//! Events of a simulation, counted by name.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Default)]
pub struct Tally {
    counts: BTreeMap<(&'static str, String), u64>,
}

impl Tally {
    /// Counts one more `name` of this group.
    pub fn count(&mut self, group: &'static str, name: &str) {
        self.add(group, name, 1);
    }

    pub fn add(&mut self, group: &'static str, name: &str, more: u64) {
        match self.counts.get_mut(&(group, name.to_owned())) {
            Some(count) => *count += more,
            None => drop(self.counts.insert((group, name.to_owned()), more)),
        }
    }

    #[cfg(test)]
    pub fn of(&self, group: &'static str) -> u64 {
        self.counts.iter().filter(|((of, _), _)| *of == group).map(|(_, count)| count).sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = "";
        for ((group, name), count) in &self.counts {
            if *group != last {
                write!(out, "{}  {group}:", if last.is_empty() { "" } else { "\n" })?;
                last = group;
            }
            write!(out, " {name} {count},")?;
        }
        Ok(())
    }
}
