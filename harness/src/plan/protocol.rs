use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::scenario::{resolve_steps, with_resolver};
use super::scope::Extra;
use super::values::Place;
use super::{FencePlan, ParamPlan, ProtocolPlan, ReflexPlan, StrayPlan};
use crate::matching::Pattern;
use crate::protocol::{Fence, Protocol, Stray};
use crate::scenario::{Payload, SubjectWord, Word};
use crate::source::{Diagnostic, Diagnostics, Node};
use crate::verdict::{Rule, Rules, Side};
use crate::wire::{Codec, Direction};

/// What the user chose for a protocol.
pub(super) struct Chosen<'a> {
    pub dialect: &'a str,
    pub default_dialect: bool,
    pub params: &'a [(String, String)],
    pub subject: SubjectWord,
}

/// Resolves a protocol file.
pub(super) fn resolve(
    written: &Protocol,
    folder: &Path,
    codec: Arc<Codec>,
    rules: Rules,
    chosen: &Chosen<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<ProtocolPlan> {
    let rule = |node: &Option<Node>, diagnostics: &mut Diagnostics| -> Option<Arc<Rule>> {
        rules.named(node.as_ref()?, diagnostics)
    };
    let crash = rule(&written.crash, diagnostics)?;
    let broken = rule(&written.broken, diagnostics)?;
    for (rule, word) in [(&crash, "crash"), (&broken, "broken")] {
        if rule.side != side(chosen.subject) {
            let message = format!("`{word}` names a rule of the other side: {}", rule.id);
            diagnostics.error(&rule.span, message, "declared here");
        }
    }
    let mut plan = ProtocolPlan {
        subject: chosen.subject,
        name: written.name.as_str().into(),
        title: written.title.clone(),
        folder: folder.to_owned(),
        dialect: chosen.dialect.into(),
        default_dialect: chosen.default_dialect,
        transport: written.transport,
        default_port: written.default_port,
        codec,
        own_codec: None,
        rules,
        params: params(written, chosen),
        names: written.names.clone(),
        ignore: Vec::new(),
        ignore_some: Vec::new(),
        reflexes: Vec::new(),
        fence: None,
        probe: None,
        stray: Vec::new(),
        always: Vec::new(),
        crash,
        broken,
        pace: written.pace,
        ambient: Vec::new(),
        deadline: written.deadline,
    };
    ignored(written, &mut plan, diagnostics);
    plan.ambient = ambient(&plan.codec, written, diagnostics);
    plan.reflexes = reflexes(written, &plan, diagnostics);
    plan.stray = strays(&written.stray, written, &plan, diagnostics);
    let always: Vec<Stray> = written
        .always
        .iter()
        .map(|always| Stray {
            pattern: always.pattern.clone(),
            rule: always.rule.clone(),
            absorb: false,
            unasked: false,
        })
        .collect();
    plan.always = strays(&always, written, &plan, diagnostics);
    check_macros(written, &plan, diagnostics);
    if let Some(written_fence) = &written.fence {
        plan.fence = fence(written_fence, written, &plan, diagnostics);
    }
    plan.probe = probe(written, &plan, diagnostics);
    Some(plan)
}

/// The side whose rules a program of this kind keeps or breaks.
pub(super) fn side(subject: SubjectWord) -> Side {
    match subject {
        SubjectWord::Server => Side::Server,
        SubjectWord::Client => Side::Client,
    }
}

fn params(written: &Protocol, chosen: &Chosen<'_>) -> BTreeMap<Arc<str>, ParamPlan> {
    let param = |param: &crate::protocol::Param| {
        let given = chosen.params.iter().find(|(name, _)| *name == param.name);
        let value = given
            .map(|(_, value)| value.clone())
            .or_else(|| param.default.clone());
        let plan = ParamPlan {
            value,
            given: given.is_some(),
            assumed: param.assumed,
            about: param.about.clone(),
        };
        (Arc::from(param.name.as_str()), plan)
    };
    written.params.iter().map(param).collect()
}

fn kinds(codec: &Codec, words: &[Word], diagnostics: &mut Diagnostics) -> Vec<Arc<str>> {
    let mut found = Vec::new();
    for word in words {
        match codec.kind(&word.text) {
            Some(kind) => found.push(Arc::clone(kind.name())),
            None => {
                let message = format!("no message `{}`", word.text);
                diagnostics.error(&word.span, message, "unknown message");
            }
        }
    }
    found
}

fn ignored(written: &Protocol, plan: &mut ProtocolPlan, diagnostics: &mut Diagnostics) {
    for ignored in &written.ignore {
        if ignored.with.is_empty() {
            plan.ignore
                .extend(kinds(&plan.codec, &ignored.kinds, diagnostics));
        } else {
            let some = pattern(ignored, written, plan, Extra::Nothing, diagnostics);
            plan.ignore_some.extend(some);
        }
    }
}

fn ambient(
    codec: &Codec,
    written: &Protocol,
    diagnostics: &mut Diagnostics,
) -> Vec<(Arc<str>, Arc<str>)> {
    let mut list = Vec::new();
    for (word, field) in &written.ambient {
        let Some(kind) = codec.kind(&word.text) else {
            diagnostics.error(
                &word.span,
                format!("no message `{}`", word.text),
                "unknown message",
            );
            continue;
        };
        let has = kind
            .fields(Direction::ToClient)
            .iter()
            .any(|known| *known.name == **field);
        if !has {
            let message = format!("`{}` has no field `{field}`", word.text);
            diagnostics.error(&word.span, message, "names nobody");
        }
        list.push((Arc::clone(kind.name()), field.as_str().into()));
    }
    list
}

fn reflexes(
    written: &Protocol,
    plan: &ProtocolPlan,
    diagnostics: &mut Diagnostics,
) -> Vec<ReflexPlan> {
    let mut list = Vec::new();
    for reflex in &written.reflexes {
        let when = kinds(&plan.codec, &reflex.when, diagnostics);
        let message = with_resolver(written, plan, Extra::Reflex, diagnostics, |resolver| {
            let delay = match &reflex.delay {
                None => None,
                Some(delay) => Some(resolver.scope.quantity(delay, resolver.diagnostics)?),
            };
            let to = match &reflex.to {
                None => None,
                Some(to) => Some(resolver.scope.expr(to, Place::Free, resolver.diagnostics)?),
            };
            let sent = resolver.message(&reflex.send, &reflex.with, &[])?;
            Some((sent, delay, to))
        });
        if let Some((super::PayloadPlan::Message { kind, with, .. }, delay, to)) = message {
            let name = reflex.name.as_str().into();
            list.push(ReflexPlan {
                name,
                when,
                send: kind,
                with,
                delay,
                to,
            });
        }
    }
    list
}

fn strays(
    written_strays: &[Stray],
    written: &Protocol,
    plan: &ProtocolPlan,
    diagnostics: &mut Diagnostics,
) -> Vec<StrayPlan> {
    let mut list = Vec::new();
    for stray in written_strays {
        let rule = plan.rules.named(&stray.rule, diagnostics);
        let pattern = pattern(&stray.pattern, written, plan, Extra::Nothing, diagnostics);
        if let (Some(rule), Some(pattern)) = (rule, pattern) {
            list.push(StrayPlan {
                pattern,
                rule,
                absorb: stray.absorb,
                unasked: stray.unasked,
            });
        }
    }
    list
}

fn pattern(
    pattern: &crate::scenario::Pattern,
    written: &Protocol,
    plan: &ProtocolPlan,
    extra: Extra,
    diagnostics: &mut Diagnostics,
) -> Option<Pattern> {
    with_resolver(written, plan, extra, diagnostics, |resolver| {
        let direction = plan.receives();
        resolver
            .scope
            .pattern(pattern, direction, &plan.codec, resolver.diagnostics)
    })
}

fn fence(
    fence: &Fence,
    written: &Protocol,
    plan: &ProtocolPlan,
    diagnostics: &mut Diagnostics,
) -> Option<FencePlan> {
    let rule = plan.rules.named(&fence.rule, diagnostics)?;
    let probe = fence
        .send
        .payload
        .first()
        .and_then(|part| match &part.payload {
            Payload::Message { kind, with, bend } => {
                with_resolver(written, plan, Extra::Fence, diagnostics, |resolver| {
                    resolver.message(kind, with, bend)
                })
            }
            Payload::Raw(_) => None,
        })?;
    let mut patterns = |list: &[crate::scenario::Pattern]| -> Option<Vec<Pattern>> {
        list.iter()
            .map(|p| pattern(p, written, plan, Extra::Fence, diagnostics))
            .collect()
    };
    let own = patterns(&fence.own)?;
    let others = patterns(&fence.others)?;
    if own.is_empty() && others.is_empty() {
        diagnostics.add(
            Diagnostic::error("a fence needs something that comes back")
                .at(&fence.span, "neither `self` nor `others`"),
        );
        return None;
    }
    let control = (!fence.control.is_empty()).then(|| {
        Arc::new(resolve_steps(
            "whether fences work here",
            &fence.span,
            &["x", "y"],
            &fence.control,
            written,
            plan,
            &rule,
            diagnostics,
        ))
    });
    Some(FencePlan {
        span: fence.span.clone(),
        who: fence.who.as_str().into(),
        rule,
        probe,
        own,
        others,
        fallback: fence.fallback,
        control,
    })
}

fn probe(
    written: &Protocol,
    plan: &ProtocolPlan,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<super::ScenarioPlan>> {
    let first = written.probe.first()?;
    let rule = Arc::clone(&plan.crash);
    Some(Arc::new(resolve_steps(
        "whether the server speaks this protocol",
        &first.span,
        &["x"],
        &written.probe,
        written,
        plan,
        &rule,
        diagnostics,
    )))
}

/// Macros that no scenario uses are checked too: with stand-ins for their arguments.
fn check_macros(written: &Protocol, plan: &ProtocolPlan, diagnostics: &mut Diagnostics) {
    for definition in &written.macros {
        let actors: Vec<&str> = definition
            .args
            .iter()
            .filter(|(_, actor)| *actor)
            .map(|(name, _)| name.as_str())
            .collect();
        if definition.args.iter().any(|(_, actor)| !*actor) {
            continue;
        }
        let rule = Arc::clone(&plan.crash);
        let _ = resolve_steps(
            &definition.name,
            &definition.span,
            &actors,
            &definition.steps,
            written,
            plan,
            &rule,
            diagnostics,
        );
    }
}
