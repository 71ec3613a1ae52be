//! What a protocol has, in all its dialects together: a scenario may be meant for one of them.

use crate::plan::Described;
use crate::protocol::Transport;
use crate::wire::{Class, Codec, Direction, FieldInfo};

/// The names of a protocol that scenarios can write.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// The protocol's short name.
    pub name: String,
    /// Its title.
    pub title: String,
    pub(super) sent: Vec<KindWords>,
    pub(super) received: Vec<KindWords>,
    /// Ids and texts.
    pub(super) rules: Vec<(String, String)>,
    /// Names and what they are.
    pub(super) params: Vec<(String, String)>,
    pub(super) macros: Vec<MacroWords>,
    pub(super) reflexes: Vec<String>,
    pub(super) dialects: Vec<String>,
    /// Messages come as datagrams, from whoever sends them.
    pub(super) datagrams: bool,
}

/// A kind of message in one direction.
#[derive(Debug, Clone)]
pub(super) struct KindWords {
    pub(super) name: String,
    pub(super) fields: Vec<FieldWords>,
    pub(super) bends: Vec<String>,
}

/// A field of a kind.
#[derive(Debug, Clone)]
pub(super) struct FieldWords {
    pub(super) name: String,
    /// `None` where dialects differ.
    pub(super) class: Option<Class>,
    /// It must be given in every dialect.
    pub(super) required: bool,
    /// The only value that it has in the protocol file's own form.
    pub(super) constant: Option<String>,
}

/// A macro and its arguments.
#[derive(Debug, Clone)]
pub(super) struct MacroWords {
    pub(super) name: String,
    /// Names, and whether each is an actor.
    pub(super) args: Vec<(String, bool)>,
}

impl Vocabulary {
    /// The words of one protocol in all its dialects; `None` when there are none.
    pub fn of(forms: &[Described]) -> Option<Self> {
        let own = forms.first()?;
        let mut vocabulary = Self {
            name: own.plan.name.to_string(),
            title: own.plan.title.clone(),
            sent: Vec::new(),
            received: Vec::new(),
            rules: Vec::new(),
            params: Vec::new(),
            macros: Vec::new(),
            reflexes: Vec::new(),
            dialects: own.dialects.clone(),
            datagrams: own.plan.transport == Transport::Udp,
        };
        let rules = own.plan.rules.iter();
        vocabulary.rules = rules
            .map(|rule| (rule.id.to_string(), rule.text.clone()))
            .collect();
        for form in forms {
            vocabulary.add(form);
        }
        Some(vocabulary)
    }

    fn add(&mut self, form: &Described) {
        let codec = &form.plan.codec;
        add_kinds(&mut self.sent, codec, Direction::ToServer);
        add_kinds(&mut self.received, codec, Direction::ToClient);
        if form.for_clients.is_some() {
            // There the harness plays the server.
            add_kinds(&mut self.sent, codec, Direction::ToClient);
            add_kinds(&mut self.received, codec, Direction::ToServer);
        }
        let clients = form.written.client.iter();
        for (name, param) in &form.plan.params {
            if !self.params.iter().any(|(known, _)| **known == **name) {
                self.params.push((name.to_string(), param.about.clone()));
            }
        }
        let reflexes = clients.clone().flat_map(|client| &client.reflexes);
        for reflex in form.written.reflexes.iter().chain(reflexes) {
            if !self.reflexes.contains(&reflex.name) {
                self.reflexes.push(reflex.name.clone());
            }
        }
        let macros = clients.flat_map(|client| &client.macros);
        for one in form.written.macros.iter().chain(macros) {
            let same = |known: &MacroWords| known.name == one.name && known.args == one.args;
            if !self.macros.iter().any(same) {
                self.macros.push(MacroWords {
                    name: one.name.clone(),
                    args: one.args.clone(),
                });
            }
        }
    }
}

fn add_kinds(kinds: &mut Vec<KindWords>, codec: &Codec, direction: Direction) {
    for kind in codec.kinds().filter(|kind| kind.goes(direction)) {
        let name = kind.name().to_string();
        let bends = kind
            .bendable(direction)
            .into_iter()
            .map(|path| path.to_string());
        let fields: Vec<FieldWords> = kind.fields(direction).iter().map(field).collect();
        match kinds.iter_mut().find(|known| known.name == name) {
            Some(known) => {
                known.merge(fields);
                let new: Vec<String> = bends.filter(|path| !known.bends.contains(path)).collect();
                known.bends.extend(new);
            }
            None => kinds.push(KindWords {
                name,
                fields,
                bends: bends.collect(),
            }),
        }
    }
}

impl KindWords {
    /// Adds what the kind has in another dialect.
    fn merge(&mut self, fields: Vec<FieldWords>) {
        for known in &mut self.fields {
            match fields.iter().find(|field| field.name == known.name) {
                Some(field) => {
                    known.required &= field.required;
                    if known.class != field.class {
                        known.class = None;
                    }
                }
                None => known.required = false,
            }
        }
        for mut field in fields {
            if !self.fields.iter().any(|known| known.name == field.name) {
                field.required = false;
                self.fields.push(field);
            }
        }
    }
}

fn field(info: &FieldInfo) -> FieldWords {
    FieldWords {
        name: info.name.to_string(),
        class: Some(info.class.clone()),
        required: info.required,
        constant: info.constant.as_ref().map(ToString::to_string),
    }
}
