//! Prints text templates.

use super::template::{Hole, Sort, Template};
use super::writer::Writer;
use super::{EncodeError, Value};

impl<'a> Writer<'a> {
    /// The first template that has a place for every value that was given.
    pub(super) fn templates(&mut self, templates: &'a [Template]) -> Result<(), EncodeError> {
        let complete = |template: &&Template| {
            let mut holes = template.holes();
            holes.all(|hole| hole.slot.is_none() || self.value(hole.slot).is_some())
        };
        let has =
            |template: &Template, slot: usize| template.holes().any(|hole| hole.slot == Some(slot));
        let mut wanted: Vec<usize> = Vec::new();
        for hole in templates.iter().flat_map(Template::holes) {
            wanted.extend(hole.slot.filter(|slot| self.values[*slot].given));
        }
        let fitting = |template: &&Template| wanted.iter().all(|slot| has(template, *slot));
        let Some(template) = templates.iter().filter(complete).find(fitting) else {
            let first = templates.iter().flat_map(Template::holes);
            let mut empty = first.filter(|hole| hole.slot.is_some());
            let field = empty.find(|hole| self.value(hole.slot).is_none());
            return Err(match field {
                Some(hole) => self.missing_value(hole.slot, &hole.path),
                None => self.missing_value(None, "text"),
            });
        };
        let mut text = Vec::new();
        template.print(&mut text, |hole, out| self.print(hole, out))?;
        self.out.extend_from_slice(&text);
        Ok(())
    }

    /// The text of a hole.
    pub(super) fn print(&self, hole: &Hole, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match (self.value(hole.slot), &hole.sort) {
            (Some(Value::Text(text)), _) => out.extend_from_slice(text.as_bytes()),
            (Some(Value::Bytes(bytes)), _) => out.extend_from_slice(bytes),
            (Some(Value::Int(number)), Sort::Number { names, by_name }) => {
                let name = names.name(*number).filter(|_| *by_name);
                match name {
                    Some(name) => out.extend_from_slice(name.as_bytes()),
                    None => out.extend_from_slice(number.to_string().as_bytes()),
                }
            }
            (Some(value), _) => out.extend_from_slice(value.to_string().as_bytes()),
            (None, _) if hole.slot.is_none() => {}
            (None, _) => return Err(self.missing_value(hole.slot, &hole.path)),
        }
        Ok(())
    }
}
