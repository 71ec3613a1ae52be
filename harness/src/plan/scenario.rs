use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::lacking::{Lacking, lacking};
use super::protocol::side;
use super::scope::{Binding, Extra, Scope, Who};
use super::steps::Resolver;
use super::values::Place;
use super::{ActorPlan, GroupPlan, ProgramPlan, ProtocolPlan, ScenarioPlan, StepPlan, WireName};
use crate::protocol::{Protocol, Transport};
use crate::scenario::{ClientName, Expression, Need, Scenario, Step, SubjectWord};
use crate::source::{Diagnostic, Diagnostics, Node, Span};
use crate::verdict::{Rule, ScenarioId};

/// The most variants that one scenario may have.
const MAX_VARIANTS: usize = 1000;

/// The variable that is the client program's name on the wire.
pub const PROGRAM: &str = "program";

/// The variable that is the port that a client program for datagrams is told to use.
pub const CLIENT_PORT: &str = "client_port";

/// The names of all dialects of a protocol.
pub(super) struct Dialects<'a> {
    pub chosen: &'a str,
    pub all: &'a [String],
}

/// Resolves a scenario: one plan for each of its variants.
pub(super) fn resolve(
    scenario: &Scenario,
    area: &str,
    written: &Protocol,
    protocol: &ProtocolPlan,
    dialects: &Dialects<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<ScenarioPlan> {
    let rules = scenario_rules(scenario, protocol, diagnostics);
    let Some(variants) = variants(&scenario.each) else {
        let message = format!("more than {MAX_VARIANTS} variants");
        diagnostics.error(&scenario.title_span, message, "too many");
        return Vec::new();
    };
    let mut plans = Vec::new();
    for variant in variants {
        let builder = Builder {
            scenario,
            area,
            written,
            protocol,
            dialects,
            rules: &rules,
        };
        plans.extend(builder.variant(&variant, diagnostics));
    }
    tell_apart(&mut plans);
    plans
}

/// Numbers variants whose values are so long that their titles are the same.
fn tell_apart(plans: &mut [ScenarioPlan]) {
    let mut counts: HashMap<String, (usize, usize)> = HashMap::new();
    for plan in &*plans {
        counts.entry(plan.id.title.clone()).or_default().0 += 1;
    }
    for plan in plans {
        if let Some((count, number)) = counts.get_mut(&plan.id.title)
            && *count > 1
        {
            *number += 1;
            plan.id.title = format!("{} #{number}", plan.id.title);
        }
    }
}

/// Steps that are no scenario of a file (a fence's control), with actors of their own.
#[expect(
    clippy::too_many_arguments,
    reason = "what a scenario's file would say, from two callers"
)]
pub(super) fn resolve_steps(
    title: &str,
    span: &Span,
    actors: &[&str],
    steps: &[Step],
    written: &Protocol,
    protocol: &ProtocolPlan,
    rule: &Arc<Rule>,
    diagnostics: &mut Diagnostics,
) -> ScenarioPlan {
    let groups: Vec<Arc<str>> = actors.iter().map(|name| Arc::from(*name)).collect();
    let mut resolver = resolver(written, protocol, groups.clone(), Vec::new(), diagnostics);
    let steps = resolver.steps(steps);
    let id = scenario_id(protocol, "", title.to_owned(), span.clone());
    let members = |(index, name): (usize, &Arc<str>)| GroupPlan {
        name: Arc::clone(name),
        members: index..index + 1,
    };
    ScenarioPlan {
        id,
        rules: vec![Arc::clone(rule)],
        subject: protocol.subject,
        needs_alone: false,
        needs_own_server: false,
        needs_log: false,
        params: Vec::new(),
        not_here: None,
        lacks: None,
        pace: protocol.pace,
        snapshot: false,
        program: None,
        actors: groups
            .iter()
            .map(|label| ActorPlan {
                label: Arc::clone(label),
                wire_name: WireName::Generated,
                refuses: false,
            })
            .collect(),
        groups: groups.iter().enumerate().map(members).collect(),
        runs: 1,
        setup: Vec::new(),
        steps,
    }
}

fn scenario_id(protocol: &ProtocolPlan, area: &str, title: String, span: Span) -> ScenarioId {
    ScenarioId {
        protocol: Arc::clone(&protocol.name),
        dialect: (!protocol.default_dialect).then(|| Arc::clone(&protocol.dialect)),
        area: area.to_owned(),
        title,
        span,
    }
}

fn scenario_rules(
    scenario: &Scenario,
    protocol: &ProtocolPlan,
    diagnostics: &mut Diagnostics,
) -> Vec<Arc<Rule>> {
    let mut rules = Vec::new();
    for node in &scenario.rules {
        let Some(rule) = protocol.rules.named(node, diagnostics) else {
            continue;
        };
        if rule.side != side(scenario.subject) {
            let message = format!("{} binds the other side", rule.id);
            diagnostics.add(
                Diagnostic::error(message)
                    .at(&node.span, "not a rule for the program that is judged here")
                    .related(&rule.span, "declared here"),
            );
        }
        rules.push(rule);
    }
    rules
}

type Variant = Vec<(String, Node)>;

/// All combinations of the values of `each`; one empty combination when there is none.
fn variants(each: &[(String, Vec<Node>)]) -> Option<Vec<Variant>> {
    let mut variants: Vec<Variant> = vec![Vec::new()];
    for (name, values) in each {
        let mut more = Vec::new();
        for variant in &variants {
            for value in values {
                let mut longer = variant.clone();
                longer.push((name.clone(), value.clone()));
                more.push(longer);
            }
        }
        variants = more;
        if variants.len() > MAX_VARIANTS {
            return None;
        }
    }
    Some(variants)
}

fn resolver<'a>(
    written: &'a Protocol,
    protocol: &'a ProtocolPlan,
    groups: Vec<Arc<str>>,
    bound: Vec<(String, Binding)>,
    diagnostics: &'a mut Diagnostics,
) -> Resolver<'a> {
    let params = protocol.params.keys().cloned();
    let known: &[&str] = match (protocol.subject, protocol.transport) {
        (SubjectWord::Server, _) => &[],
        (SubjectWord::Client, Transport::Tcp) => &[PROGRAM],
        (SubjectWord::Client, Transport::Udp) => &[PROGRAM, CLIENT_PORT],
    };
    let consts = protocol
        .codec
        .consts()
        .iter()
        .map(|(name, _)| Arc::from(name.as_str()));
    Resolver {
        protocol: written,
        codec: &protocol.codec,
        rules: &protocol.rules,
        params: &|_| None,
        sends: protocol.sends(),
        diagnostics,
        scope: Scope {
            groups,
            fixed: params.chain(consts).collect(),
            known: known.iter().map(|name| Arc::from(*name)).collect(),
            bound,
            extra: Extra::Nothing,
        },
        macros: Vec::new(),
        used_at: None,
        around: Vec::new(),
        touches_program: false,
        touches_log: false,
    }
}

struct Builder<'a> {
    scenario: &'a Scenario,
    area: &'a str,
    written: &'a Protocol,
    protocol: &'a ProtocolPlan,
    dialects: &'a Dialects<'a>,
    rules: &'a [Arc<Rule>],
}

impl Builder<'_> {
    fn variant(&self, variant: &Variant, diagnostics: &mut Diagnostics) -> Option<ScenarioPlan> {
        let not_here = self.not_here(diagnostics);
        if not_here.is_none() {
            return self.applying(variant, diagnostics);
        }
        // Messages and fields of another dialect mean nothing in this one.
        let mut ignored = Diagnostics::default();
        let plan = self.plan(variant, &mut ignored);
        Some(ScenarioPlan { not_here, ..plan })
    }

    fn applying(&self, variant: &Variant, diagnostics: &mut Diagnostics) -> Option<ScenarioPlan> {
        let mut complaints = Diagnostics::default();
        let plan = self.plan(variant, &mut complaints);
        match lacking(&complaints, self.protocol, self.rules) {
            Some(Lacking::NotHere(reason)) => {
                let not_here = Some(reason);
                return Some(ScenarioPlan { not_here, ..plan });
            }
            Some(Lacking::Broken(lack)) => {
                let lacks = Some(lack);
                return Some(ScenarioPlan { lacks, ..plan });
            }
            None => diagnostics.append(complaints),
        }
        if diagnostics.has_errors() {
            // Steps with errors are left out, which says nothing about the others.
            return None;
        }
        if plan.steps.is_empty() {
            let message = "a scenario without steps checks nothing";
            diagnostics.error(&self.scenario.title_span, message, "`steps` is empty");
            return None;
        }
        (!plan.rules.is_empty() && judges(&plan.steps, diagnostics, &plan)).then_some(plan)
    }

    fn plan(&self, variant: &Variant, diagnostics: &mut Diagnostics) -> ScenarioPlan {
        let scenario = self.scenario;
        let (groups, labels) = self.groups();
        let names = groups.iter().map(|group| Arc::clone(&group.name)).collect();
        let bound = variant
            .iter()
            .map(|(n, v)| (n.clone(), Binding::Node(v.clone())))
            .collect();
        let params = self.params(diagnostics);
        let value = |name: &str| self.param_value(&params, name);
        let mut resolver = resolver(self.written, self.protocol, names, bound, diagnostics);
        resolver.params = &value;
        let actors = self.actors(&labels, &groups, &mut resolver);
        let program = self.program(&groups, &mut resolver);
        let setup = resolver.steps(&scenario.setup);
        let steps = resolver.steps(&scenario.steps);
        let (touches_program, touches_log) = (resolver.touches_program, resolver.touches_log);
        let needs = |need| scenario.needs.iter().any(|(known, _)| *known == need);
        let id = scenario_id(
            self.protocol,
            self.area,
            self.title(variant),
            scenario.span.clone(),
        );
        ScenarioPlan {
            id,
            rules: self.rules.to_vec(),
            subject: scenario.subject,
            needs_alone: needs(Need::Alone),
            needs_own_server: needs(Need::Signals) || (touches_program && !touches_log),
            needs_log: needs(Need::Log) || touches_log,
            params,
            not_here: None,
            lacks: None,
            pace: if scenario.without_pace {
                Duration::ZERO
            } else {
                self.protocol.pace
            },
            snapshot: !scenario.without_snapshot && scenario.subject == SubjectWord::Server,
            program,
            actors,
            groups,
            runs: scenario.runs,
            setup,
            steps,
        }
    }

    fn title(&self, variant: &Variant) -> String {
        let title = self.scenario.title.clone();
        if variant.is_empty() {
            return title;
        }
        let show = |(name, value): &(String, Node)| match value.text() {
            Some(text) if text.chars().count() <= 24 => format!("{name}={}", text.escape_debug()),
            _ => format!(
                "{name}={}",
                value.span.text().chars().take(24).collect::<String>()
            ),
        };
        let shown: Vec<String> = variant.iter().map(show).collect();
        format!("{title} [{}]", shown.join(", "))
    }

    fn groups(&self) -> (Vec<GroupPlan>, Vec<Arc<str>>) {
        let mut groups = Vec::new();
        let mut labels: Vec<Arc<str>> = Vec::new();
        for client in &self.scenario.clients {
            let first = labels.len();
            match client.count {
                None => labels.push(client.name.as_str().into()),
                Some(count) => {
                    labels.extend((1..=count).map(|n| format!("{}.{n}", client.name).into()));
                }
            }
            groups.push(GroupPlan {
                name: client.name.as_str().into(),
                members: first..labels.len(),
            });
        }
        (groups, labels)
    }

    fn actors(
        &self,
        labels: &[Arc<str>],
        groups: &[GroupPlan],
        resolver: &mut Resolver<'_>,
    ) -> Vec<ActorPlan> {
        let mut actors = Vec::new();
        for (client, group) in self.scenario.clients.iter().zip(groups) {
            let wire_name = match &client.wire_name {
                ClientName::Generated => WireName::Generated,
                ClientName::SameLengthAs(other, span) => match resolver.scope.group(other) {
                    Some(other) => WireName::SameLengthAs(groups[other].members.start),
                    None => {
                        let message = format!("no client `{other}`");
                        resolver
                            .diagnostics
                            .error(span, message, "as long as whose?");
                        WireName::Generated
                    }
                },
                ClientName::Fixed(value) => {
                    match resolver
                        .scope
                        .expr(value, Place::Free, resolver.diagnostics)
                    {
                        Some(value) => WireName::Fixed(value),
                        None => WireName::Generated,
                    }
                }
            };
            for index in group.members.clone() {
                let wire_name = wire_name.clone();
                actors.push(ActorPlan {
                    label: Arc::clone(&labels[index]),
                    wire_name,
                    refuses: client.refuses,
                });
            }
        }
        actors
    }

    /// How the client program is started.
    fn program(&self, groups: &[GroupPlan], resolver: &mut Resolver<'_>) -> Option<ProgramPlan> {
        let written = self.scenario.program.as_ref()?;
        let mut to = 0;
        if let Some(word) = &written.to
            && let Some(Who::Group(group)) = resolver.scope.actor(word, resolver.diagnostics)
        {
            to = groups.get(group).map_or(0, |group| group.members.start);
        }
        let mut value = |expression: &Option<Expression>| {
            let expression = expression.as_ref()?;
            resolver
                .scope
                .expr(expression, Place::Free, resolver.diagnostics)
        };
        let plan = ProgramPlan {
            wire_name: value(&written.name).map_or(WireName::Generated, WireName::Fixed),
            to,
            host: value(&written.host),
            port: value(&written.port),
            client_port: value(&written.client_port),
            stdin: written.stdin,
            stdout: written.stdout,
            term: written.term.clone(),
        };
        Some(plan)
    }

    fn params(&self, diagnostics: &mut Diagnostics) -> Vec<(Arc<str>, String)> {
        let mut params = Vec::new();
        for (name, node) in &self.scenario.params {
            match (
                self.protocol.params.contains_key(name.as_str()),
                node.text(),
            ) {
                (true, Some(text)) => params.push((name.as_str().into(), text.to_owned())),
                (false, _) => {
                    let message = format!("this protocol has no parameter `{name}`");
                    diagnostics.error(&node.span, message, "unknown");
                }
                (_, None) => diagnostics.error(&node.span, "a parameter is one value", "not one"),
            }
        }
        params
    }

    fn param_value(&self, own: &[(Arc<str>, String)], name: &str) -> Option<String> {
        let own = own
            .iter()
            .find(|(param, _)| **param == *name)
            .map(|(_, value)| value.clone());
        own.or_else(|| self.protocol.params.get(name)?.value.clone())
    }

    /// Why the scenario does not apply in the chosen dialect.
    fn not_here(&self, diagnostics: &mut Diagnostics) -> Option<String> {
        for node in &self.scenario.dialects {
            let known = node
                .text()
                .is_some_and(|name| self.dialects.all.iter().any(|d| d == name));
            if !known {
                let message = format!("no dialect {}", node.describe());
                let help = format!("this protocol has: {}", self.dialects.all.join(", "));
                diagnostics.add(
                    Diagnostic::error(message)
                        .at(&node.span, "unknown")
                        .help(help),
                );
            }
        }
        let listed = &self.scenario.dialects;
        let applies = listed.is_empty()
            || listed
                .iter()
                .any(|d| d.text() == Some(self.dialects.chosen));
        (!applies).then(|| format!("does not apply in the dialect {}", self.dialects.chosen))
    }
}

/// Whether any step judges something; complains when none does.
fn judges(steps: &[StepPlan], diagnostics: &mut Diagnostics, plan: &ScenarioPlan) -> bool {
    use super::{ActPlan, ServerPlan, StepPlanKind as Kind};
    fn any(steps: &[StepPlan]) -> bool {
        steps.iter().any(|step| match &step.kind {
            Kind::Observe(..) | Kind::Fence(_) | Kind::Expect(_) => true,
            Kind::Act(_, act) => matches!(act, ActPlan::Never(_) | ActPlan::Open),
            Kind::Server(server) => {
                matches!(server, ServerPlan::Exit { .. } | ServerPlan::Prints { .. })
            }
            Kind::AnyOrder(branches) | Kind::Either(branches) => branches.iter().any(|b| any(b)),
            Kind::Repeat(_, _, steps) | Kind::Group(steps) | Kind::Eventually { steps, .. } => {
                any(steps)
            }
            Kind::Together(_) | Kind::Pause(_) => false,
        })
    }
    let judges = any(steps);
    if !judges {
        let message = format!("`{}` checks nothing", plan.id.title);
        diagnostics.add(
            Diagnostic::error(message)
                .at(&plan.id.span, "no step here can fail")
                .help("add a `recv`, `closed`, `silence`, `never`, `expect` or `fence`"),
        );
    }
    judges
}

/// Resolves the parts of a protocol that are written like steps.
pub(super) fn with_resolver<T>(
    written: &Protocol,
    protocol: &ProtocolPlan,
    extra: Extra,
    diagnostics: &mut Diagnostics,
    work: impl FnOnce(&mut Resolver<'_>) -> T,
) -> T {
    let mut resolver = resolver(written, protocol, Vec::new(), Vec::new(), diagnostics);
    resolver.scope.extra = extra;
    work(&mut resolver)
}
