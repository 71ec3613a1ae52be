use std::sync::Arc;

use super::scope::{Binding, Scope, Who};
use super::values::{Place, find_kind, unknown_field};
use super::{
    ActPlan, ObservePlan, PartPlan, PayloadPlan, RecvPlan, SendPlan, ServerPlan, StepPlace,
    StepPlan, StepPlanKind, Variable, WindowPlan,
};
use crate::protocol::{Macro, Protocol, Transport};
use crate::scenario::sockets::SOURCE;
use crate::scenario::{
    Action, Batch, Payload, Quantity, Send, ServerAction, Step, StepKind, Window, Word, close_word,
};
use crate::source::{Diagnostic, Diagnostics, Span, closest};
use crate::verdict::{Rule, Rules};
use crate::wire::{Codec, Direction, Value};

/// How deep macros may use macros.
const MAX_MACRO_DEPTH: usize = 16;

/// What steps are resolved against.
pub(super) struct Resolver<'a> {
    pub protocol: &'a Protocol,
    pub codec: &'a Codec,
    pub rules: &'a Rules,
    /// The values of parameters, for `only_if`.
    pub params: &'a dyn Fn(&str) -> Option<String>,
    /// Which way actors send.
    pub sends: Direction,
    pub diagnostics: &'a mut Diagnostics,
    pub scope: Scope,
    /// The macros that are being expanded, with the place of use in the scenario.
    pub macros: Vec<(String, Option<Arc<Rule>>)>,
    pub used_at: Option<Span>,
    /// The rules of the step that encloses the one being resolved: what names none has these.
    pub around: Vec<Arc<Rule>>,
    /// A step looks at the program itself or steers it.
    pub touches_program: bool,
    /// A step looks at the log file.
    pub touches_log: bool,
}

impl Resolver<'_> {
    /// Resolves steps in order; macros become their steps.
    pub(super) fn steps(&mut self, steps: &[Step]) -> Vec<StepPlan> {
        let mut plans = Vec::new();
        for step in steps {
            if self.applies(step) {
                self.step(step, &mut plans);
            }
        }
        plans
    }

    fn receives(&self) -> Direction {
        self.sends.reversed()
    }

    /// Whether the parameters and variants are as `only_if` says.
    fn applies(&mut self, step: &Step) -> bool {
        step.only_if.iter().all(|(word, wanted)| {
            let name = word.text.trim_start_matches('$');
            let value = match self.scope.binding(name) {
                Some(Binding::Node(node)) => node.text().map(str::to_owned),
                _ => (self.params)(name),
            };
            if value.is_none() && !self.scope.fixed.iter().any(|known| **known == *name) {
                let message = format!("no parameter or variant `{name}`");
                self.diagnostics.error(&word.span, message, "unknown");
            }
            match wanted.items() {
                Some(items) => items.iter().any(|item| item.text() == value.as_deref()),
                None => wanted.text() == value.as_deref(),
            }
        })
    }

    fn step(&mut self, step: &Step, plans: &mut Vec<StepPlan>) {
        if let StepKind::Use(name, with) = &step.kind {
            self.expand(name, with, step, plans);
            return;
        }
        let rules = self.rules_of(step);
        let outer = std::mem::replace(&mut self.around, rules.clone());
        let kind = self.kind(&step.kind, &step.span);
        self.around = outer;
        let Some(kind) = kind else {
            return;
        };
        let place = Arc::new(StepPlace {
            span: step.span.clone(),
            used_at: self.used_at.clone(),
            rules,
            macro_rule: self.macros.last().and_then(|(_, rule)| rule.clone()),
        });
        plans.push(StepPlan { place, kind });
    }

    /// The rules that a step names, or else those of the steps around it.
    fn rules_of(&mut self, step: &Step) -> Vec<Arc<Rule>> {
        let named = step
            .rules
            .iter()
            .filter_map(|node| self.rules.named(node, self.diagnostics));
        let named: Vec<Arc<Rule>> = named.collect();
        if named.is_empty() {
            self.around.clone()
        } else {
            named
        }
    }

    fn kind(&mut self, kind: &StepKind, span: &Span) -> Option<StepPlanKind> {
        Some(match kind {
            StepKind::Use(..) => return None,
            StepKind::Actor(word, action) => {
                let who = self.scope.actor(word, self.diagnostics)?;
                self.check_transport(action, &word.span);
                self.action(who, action)?
            }
            StepKind::Fence(fence) => self.fence(&fence.who)?,
            StepKind::Together(steps) => StepPlanKind::Together(self.together(steps)),
            StepKind::AnyOrder(branches) => StepPlanKind::AnyOrder(self.branches(branches)),
            StepKind::Either(branches) => StepPlanKind::Either(self.branches(branches)),
            StepKind::Group(steps) => StepPlanKind::Group(self.steps(steps)),
            StepKind::Repeat(repeat) => {
                let count = self
                    .scope
                    .expr(&repeat.count, Place::Free, self.diagnostics)?;
                let variable = repeat
                    .variable
                    .as_deref()
                    .map(|name| self.scope.declare(name));
                StepPlanKind::Repeat(count, variable, self.steps(&repeat.steps))
            }
            StepKind::Eventually {
                within,
                every,
                steps,
            } => {
                let default = |nanos| Quantity::Time(nanos);
                let within = self
                    .quantity(within.as_ref())?
                    .unwrap_or(default(5_000_000_000));
                let every = self
                    .quantity(every.as_ref())?
                    .unwrap_or(default(100_000_000));
                StepPlanKind::Eventually {
                    within,
                    every,
                    steps: self.steps(steps),
                }
            }
            StepKind::Server(action) | StepKind::Program(action) => {
                self.check_side(matches!(kind, StepKind::Server(_)), span);
                StepPlanKind::Server(self.server(action)?)
            }
            StepKind::Pause(quantity) => {
                StepPlanKind::Pause(self.scope.quantity(quantity, self.diagnostics)?)
            }
            StepKind::Expect(checks) => {
                let mut resolved = Vec::new();
                for (quantity, matcher, span) in checks {
                    let quantity = self.scope.quantity(quantity, self.diagnostics)?;
                    let check = self.scope.check(matcher, Place::Free, self.diagnostics)?;
                    resolved.push((quantity, check, span.clone()));
                }
                StepPlanKind::Expect(resolved)
            }
        })
    }

    /// An optional quantity: `None` when it is wrong, which was complained about.
    fn quantity(&mut self, quantity: Option<&Quantity>) -> Option<Option<Quantity>> {
        match quantity {
            None => Some(None),
            Some(quantity) => self.scope.quantity(quantity, self.diagnostics).map(Some),
        }
    }

    fn expand(
        &mut self,
        name: &Word,
        with: &[(String, crate::scenario::Expression, Span)],
        step: &Step,
        plans: &mut Vec<StepPlan>,
    ) {
        let Some(name) = self.scope.word(name, self.diagnostics) else {
            return;
        };
        let protocol = self.protocol;
        let Some(definition) = protocol.macros.iter().find(|m| m.name == name.text) else {
            let names = || protocol.macros.iter().map(|m| m.name.as_str());
            let help = match closest(&name.text, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("macros: {}", names().collect::<Vec<_>>().join(", ")),
            };
            let message = format!("no macro `{}`", name.text);
            self.diagnostics.add(
                Diagnostic::error(message)
                    .at(&name.span, "unknown")
                    .help(help),
            );
            return;
        };
        let again = self.macros.iter().any(|(active, _)| *active == name.text);
        if again || self.macros.len() >= MAX_MACRO_DEPTH {
            let message = format!("the macro `{}` uses itself", name.text);
            self.diagnostics.add(
                Diagnostic::error(message)
                    .at(&name.span, "this would go on for ever")
                    .related(&definition.span, "the macro")
                    .help("use `repeat` for repetition"),
            );
            return;
        }
        let Some(bound) = self.arguments(definition, with, &step.span) else {
            return;
        };
        let rule = match &definition.rule {
            Some(node) => self.rules.named(node, self.diagnostics),
            None => self.macros.last().and_then(|(_, rule)| rule.clone()),
        };
        let outer = self.used_at.clone();
        let depth = self.scope.bound.len();
        self.used_at = Some(outer.clone().unwrap_or_else(|| step.span.clone()));
        self.scope.bound.extend(bound);
        self.macros.push((name.text.clone(), rule));
        let own = self.rules_of(step);
        let around = std::mem::replace(&mut self.around, own);
        plans.extend(self.steps(&definition.steps));
        self.around = around;
        self.macros.pop();
        self.scope.bound.truncate(depth);
        self.used_at = outer;
    }

    fn arguments(
        &mut self,
        definition: &Macro,
        with: &[(String, crate::scenario::Expression, Span)],
        place: &Span,
    ) -> Option<Vec<(String, Binding)>> {
        let mut bound = Vec::new();
        for (name, is_actor) in &definition.args {
            let Some((_, value, span)) = with.iter().find(|(given, ..)| given == name) else {
                let message = format!("the macro `{}` needs `{name}`", definition.name);
                self.diagnostics.error(place, message, "missing in `with`");
                return None;
            };
            let binding = if *is_actor {
                let text = match value {
                    crate::scenario::Expression::Template(..) => value.span().text().to_owned(),
                    _ => Scope::expression_words(value)
                        .unwrap_or_default()
                        .to_owned(),
                };
                let word = Word {
                    text,
                    span: value.span().clone(),
                };
                Binding::Actor(self.scope.actor(&word, self.diagnostics)?)
            } else {
                let _ = span;
                match value {
                    crate::scenario::Expression::Literal(..) => Binding::Node(node_of(value)?),
                    _ => Binding::Value(self.scope.expr(value, Place::Free, self.diagnostics)?),
                }
            };
            bound.push((name.clone(), binding));
        }
        for (given, _, span) in with {
            if !definition.args.iter().any(|(name, _)| name == given) {
                let message = format!("the macro `{}` has no argument `{given}`", definition.name);
                self.diagnostics.error(span, message, "unknown argument");
            }
        }
        Some(bound)
    }

    fn fence(&mut self, who: &[Word]) -> Option<StepPlanKind> {
        if self.protocol.fence.is_none() {
            if let Some(word) = who.first() {
                self.diagnostics.error(
                    &word.span,
                    "this protocol declares no fence",
                    "cannot probe",
                );
            }
            return None;
        }
        if who.is_empty() {
            return Some(StepPlanKind::Fence(None));
        }
        let mut groups = Vec::new();
        for word in who {
            match self.scope.actor(word, self.diagnostics)? {
                Who::Group(group) => groups.push(group),
                Who::All => return Some(StepPlanKind::Fence(None)),
            }
        }
        Some(StepPlanKind::Fence(Some(groups)))
    }

    fn together(&mut self, steps: &[Step]) -> Vec<StepPlan> {
        let plans = self.steps(steps);
        for plan in &plans {
            let writes = matches!(
                plan.kind,
                StepPlanKind::Act(
                    _,
                    ActPlan::Send(_) | ActPlan::Close(..) | ActPlan::Connect { .. }
                )
            );
            if !writes {
                let message = "`together` takes steps that send, connect or close";
                self.diagnostics
                    .error(&plan.place.span, message, "cannot stand here");
            }
        }
        plans
    }

    fn branches(&mut self, branches: &[Vec<Step>]) -> Vec<Vec<StepPlan>> {
        let resolved: Vec<Vec<StepPlan>> = branches.iter().map(|b| self.steps(b)).collect();
        for branch in &resolved {
            self.only_observations(branch);
        }
        resolved
    }

    fn only_observations(&mut self, steps: &[StepPlan]) {
        for step in steps {
            match &step.kind {
                StepPlanKind::Observe(_, ObservePlan::Recv(_) | ObservePlan::Closed { .. }) => {}
                StepPlanKind::Repeat(_, _, inner) | StepPlanKind::Group(inner) => {
                    self.only_observations(inner);
                }
                _ => self.diagnostics.error(
                    &step.place.span,
                    "a branch takes `recv`, `closed`, and `repeat` of them",
                    "cannot stand here",
                ),
            }
        }
    }

    fn action(&mut self, who: Who, action: &Action) -> Option<StepPlanKind> {
        let receives = self.receives();
        let act = match action {
            Action::Recv {
                pattern,
                window,
                times,
                save,
                gather,
                mark,
                at,
            } => {
                let pattern =
                    self.scope
                        .pattern(pattern, receives, self.codec, self.diagnostics)?;
                let window = self.window(window)?;
                let save = self.captures(save, &pattern)?;
                let gather = self.captures(gather, &pattern)?;
                let mark = mark.as_deref().map(|name| self.scope.declare(name));
                let at = self.comes_to(&pattern, at.as_ref())?;
                let recv = RecvPlan {
                    at,
                    pattern,
                    window,
                    times: *times,
                    save,
                    gather,
                    mark,
                };
                return Some(StepPlanKind::Observe(
                    who,
                    ObservePlan::Recv(Box::new(recv)),
                ));
            }
            Action::Silence(quantity) => {
                let quantity = self.scope.quantity(quantity, self.diagnostics)?;
                return Some(StepPlanKind::Observe(who, ObservePlan::Silence(quantity)));
            }
            Action::Closed(window, mark) => {
                let window = self.window(window)?;
                let mark = mark.as_deref().map(|name| self.scope.declare(name));
                return Some(StepPlanKind::Observe(
                    who,
                    ObservePlan::Closed { window, mark },
                ));
            }
            Action::Connect { fresh } => ActPlan::Connect { fresh: *fresh },
            Action::Send(send) => ActPlan::Send(Box::new(self.send(send)?)),
            Action::Never(pattern) => {
                let pattern =
                    self.scope
                        .pattern(pattern, receives, self.codec, self.diagnostics)?;
                ActPlan::Never(Arc::new(pattern))
            }
            Action::Open => ActPlan::Open,
            Action::Close(word, mark) => {
                let word = self.scope.word(word, self.diagnostics)?;
                let Some(close) = close_word(&word.text) else {
                    let message = format!("`close` is fin, write or reset, not `{}`", word.text);
                    self.diagnostics.error(&word.span, message, "unknown");
                    return None;
                };
                ActPlan::Close(close, mark.as_deref().map(|name| self.scope.declare(name)))
            }
            Action::Reflexes(words) => ActPlan::Reflexes(self.reflexes(words)?),
            Action::Ignore(words) => ActPlan::Ignore(self.kinds(words)?),
            Action::Judge(words) => ActPlan::Judge(self.kinds(words)?),
            Action::Set(values) => {
                let mut resolved = Vec::new();
                for (name, value) in values {
                    let value = self.scope.expr(value, Place::Free, self.diagnostics)?;
                    resolved.push((name.clone(), value));
                }
                ActPlan::Set(resolved)
            }
            Action::Reading(reading) => ActPlan::Reading(*reading),
            Action::Network(copies) => ActPlan::Network { copies: *copies },
            Action::ReceiveBuffer(size) => {
                ActPlan::ReceiveBuffer(u32::try_from(*size).unwrap_or(u32::MAX))
            }
        };
        Some(StepPlanKind::Act(who, act))
    }

    fn window(&mut self, window: &Window) -> Option<WindowPlan> {
        let since = match &window.since {
            None => None,
            Some(word) => {
                let name = word.text.trim_start_matches('$');
                let known = self.scope.known.iter().any(|known| **known == *name);
                if !known && name != "last_sent" {
                    let message = format!("no mark `{name}` before this place");
                    self.diagnostics.add(
                        Diagnostic::error(message)
                            .at(&word.span, "unknown mark")
                            .help("set it with `mark:` at a `send`, `recv`, `close` or signal"),
                    );
                    return None;
                }
                Some(self.scope.declare(name))
            }
        };
        let after = self.quantity(window.after.as_ref())?;
        let within = self.quantity(window.within.as_ref())?;
        Some(WindowPlan {
            since,
            after,
            within,
        })
    }

    fn captures(
        &mut self,
        pairs: &[(String, String)],
        pattern: &crate::matching::Pattern,
    ) -> Option<Vec<(Arc<str>, Variable)>> {
        let mut captures = Vec::new();
        for (field, variable) in pairs {
            let source = field == SOURCE && self.protocol.transport == Transport::Udp;
            let known = pattern
                .kinds
                .iter()
                .filter_map(|kind| self.codec.kind(kind));
            let has = known
                .flat_map(|k| k.fields(pattern.direction))
                .any(|f| *f.name == **field);
            if !has && !source {
                unknown_field(
                    self.codec,
                    &pattern.kinds,
                    pattern.direction,
                    field,
                    &pattern.span,
                    self.diagnostics,
                );
                return None;
            }
            let variable = match variable.strip_prefix("$self.") {
                Some(own) => Variable::Own(own.into()),
                None => Variable::Shared(self.scope.declare(variable)),
            };
            captures.push((field.as_str().into(), variable));
        }
        Some(captures)
    }

    fn kinds(&mut self, words: &[Word]) -> Option<Vec<Arc<str>>> {
        let receives = self.receives();
        let mut kinds = Vec::new();
        for word in words {
            let word = self.scope.word(word, self.diagnostics)?;
            let kind = find_kind(self.codec, &word, receives, self.diagnostics)?;
            kinds.push(Arc::clone(kind.name()));
        }
        Some(kinds)
    }

    fn reflexes(&mut self, words: &[Word]) -> Option<Vec<usize>> {
        let mut indices = Vec::new();
        for word in words {
            let word = self.scope.word(word, self.diagnostics)?;
            match self
                .protocol
                .reflexes
                .iter()
                .position(|reflex| reflex.name == word.text)
            {
                Some(index) => indices.push(index),
                None => {
                    let names: Vec<&str> = self
                        .protocol
                        .reflexes
                        .iter()
                        .map(|r| r.name.as_str())
                        .collect();
                    let message = format!("no reflex `{}`", word.text);
                    let help = format!("this protocol has: {}", names.join(", "));
                    self.diagnostics.add(
                        Diagnostic::error(message)
                            .at(&word.span, "unknown")
                            .help(help),
                    );
                    return None;
                }
            }
        }
        Some(indices)
    }

    pub(super) fn send(&mut self, send: &Send) -> Option<SendPlan> {
        let mut parts = Vec::new();
        for part in &send.payload {
            parts.push(self.part(part)?);
        }
        let gap = self.quantity(send.writing.gap.as_ref())?;
        Some(SendPlan {
            parts,
            chunks: send.writing.chunks.clone(),
            gap,
            first: send.writing.first,
            skip: send.writing.skip,
            via: self.socket(send.writing.way.via.as_ref())?,
            to: match &send.writing.way.to {
                None => None,
                Some(to) => Some(self.to(to)?),
            },
            copies: send.writing.way.copies,
            order: send.writing.way.order,
            mark: send.mark.as_deref().map(|name| self.scope.declare(name)),
        })
    }

    fn part(&mut self, part: &Batch) -> Option<PartPlan> {
        let repeat = match &part.repeat {
            None => None,
            Some((count, variable)) => {
                let count = self.scope.expr(count, Place::Free, self.diagnostics)?;
                Some((
                    count,
                    variable.as_deref().map(|name| self.scope.declare(name)),
                ))
            }
        };
        let payload = match &part.payload {
            Payload::Raw(value) => {
                PayloadPlan::Raw(self.scope.expr(value, Place::Free, self.diagnostics)?)
            }
            Payload::Message { kind, with, bend } => {
                let word = self.scope.word(kind, self.diagnostics)?;
                self.message(&word, with, bend)?
            }
        };
        Some(PartPlan { repeat, payload })
    }

    pub(super) fn message(
        &mut self,
        word: &Word,
        with: &[(String, crate::scenario::Expression, Span)],
        bend: &[(String, crate::scenario::Expression, Span)],
    ) -> Option<PayloadPlan> {
        let kind = find_kind(self.codec, word, self.sends, self.diagnostics)?;
        let mut fields = Vec::new();
        for (name, value, span) in with {
            if !kind
                .fields(self.sends)
                .iter()
                .any(|field| *field.name == **name)
            {
                let kinds = [Arc::clone(kind.name())];
                unknown_field(self.codec, &kinds, self.sends, name, span, self.diagnostics);
                return None;
            }
            let place = Place::Field(kind, self.sends, name);
            fields.push((
                name.clone(),
                self.scope.expr(value, place, self.diagnostics)?,
            ));
        }
        for field in kind
            .fields(self.sends)
            .iter()
            .filter(|field| field.required)
        {
            if !with.iter().any(|(name, ..)| **name == *field.name) {
                let message = format!("`{}` needs `{}`", word.text, field.name);
                self.diagnostics.add(
                    Diagnostic::error(message)
                        .at(&word.span, format!("`{}` is missing", field.name))
                        .help(format!("write with: {{ {}: … }}", field.name)),
                );
                return None;
            }
        }
        let mut bends = Vec::new();
        for (path, value, span) in bend {
            if !kind
                .bendable(self.sends)
                .iter()
                .any(|known| **known == **path)
            {
                self.unknown_bend(kind, path, span);
                return None;
            }
            bends.push((
                path.clone(),
                self.scope.expr(value, Place::Free, self.diagnostics)?,
            ));
        }
        Some(PayloadPlan::Message {
            kind: Arc::clone(kind.name()),
            with: fields,
            bend: bends,
        })
    }

    fn unknown_bend(&mut self, kind: &crate::wire::Kind, path: &str, span: &Span) {
        let known = kind.bendable(self.sends);
        let help = match closest(path, known.iter().map(|name| &**name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "what can be bent in `{}`: {}",
                kind.name(),
                known.join(", ")
            ),
        };
        let message = format!(
            "nothing in `{}` is called `{path}` that can be bent",
            kind.name()
        );
        self.diagnostics
            .add(Diagnostic::error(message).at(span, "unknown").help(help));
    }

    /// Complains about a step about the server where a client is judged, and the other way round.
    fn check_side(&mut self, about_server: bool, span: &Span) {
        if about_server == (self.sends == Direction::ToServer) {
            return;
        }
        let (message, help) = if about_server {
            (
                "there is no server here: the harness plays it",
                "steps about the client program are `program`, `stdin`, `stdout`, `stderr`, `output`",
            )
        } else {
            (
                "there is no client program here: the harness plays the clients",
                "what the server prints and how it ends are steps of `server`",
            )
        };
        let diagnostic = Diagnostic::error(message).at(span, "not here").help(help);
        self.diagnostics.add(diagnostic);
    }

    fn server(&mut self, action: &ServerAction) -> Option<ServerPlan> {
        self.touches_program = true;
        Some(match action {
            ServerAction::Type(typed) => {
                let mut texts = Vec::new();
                for text in &typed.texts {
                    texts.push(self.scope.expr(text, Place::Free, self.diagnostics)?);
                }
                let mark = typed.mark.as_deref().map(|name| self.scope.declare(name));
                ServerPlan::Type {
                    texts,
                    lines: typed.lines,
                    mark,
                }
            }
            ServerAction::CloseInput(mark) => {
                ServerPlan::CloseInput(mark.as_deref().map(|name| self.scope.declare(name)))
            }
            ServerAction::MayEnd => ServerPlan::MayEnd,
            ServerAction::Kill => ServerPlan::Kill,
            ServerAction::Restart => ServerPlan::Restart,
            ServerAction::Signal(signal, mark) => {
                let signal = self.scope.expr(signal, Place::Free, self.diagnostics)?;
                ServerPlan::Signal(signal, mark.as_deref().map(|name| self.scope.declare(name)))
            }
            ServerAction::Exit { window, status } => {
                let status = match status {
                    None => None,
                    Some(matcher) => {
                        Some(self.scope.check(matcher, Place::Free, self.diagnostics)?)
                    }
                };
                ServerPlan::Exit {
                    window: self.window(window)?,
                    status,
                }
            }
            ServerAction::Prints {
                stream,
                text,
                window,
                never,
            } => {
                self.touches_log |= *stream == crate::scenario::Stream::Log;
                ServerPlan::Prints {
                    stream: *stream,
                    text: self.scope.check(text, Place::Free, self.diagnostics)?,
                    window: self.window(window)?,
                    never: *never,
                }
            }
        })
    }
}

fn node_of(value: &crate::scenario::Expression) -> Option<crate::source::Node> {
    match value {
        crate::scenario::Expression::Literal(scalar, span) => Some(crate::source::Node {
            span: span.clone(),
            content: crate::source::Content::Scalar(scalar.clone()),
        }),
        _ => None,
    }
}

/// A whole number that an expression is, for counts.
pub fn count_of(value: Option<&Value>) -> Option<usize> {
    match value {
        Some(Value::Int(number)) => usize::try_from(*number).ok(),
        Some(Value::Text(text)) => text.parse().ok(),
        _ => None,
    }
}
