//! Scenarios against reference servers that break one rule on purpose.

use crate::program::{TRIES, repository, run_once};

fn bcp() -> String {
    repository()
        .join("scenarios")
        .join("bcp")
        .display()
        .to_string()
}

#[test]
fn a_fault_is_caught_by_scenarios_that_name_its_rule() {
    run_once(&[
        "prove",
        &bcp(),
        "--fault",
        "echo-alone",
        "-f",
        "BCP-6a",
        "-v",
    ])
    .expect(0)
    .says("1 of 1 fault caught");
}

#[test]
fn a_fault_that_nobody_catches_fails() {
    run_once(&["prove", &bcp(), "--fault", "echo-alone", "-f", "BCP-2b"])
        .expect(1)
        .says("faults that nobody caught");
}

#[test]
fn a_scenario_without_a_rule_is_no_proof() {
    let folder = tempfile::tempdir().unwrap();
    let bcp = repository().join("scenarios").join("bcp");
    for file in ["protocol.yaml", "rules.yaml"] {
        std::fs::copy(bcp.join(file), folder.path().join(file)).unwrap();
    }
    let area = folder.path().join("server").join("registration");
    std::fs::create_dir_all(&area).unwrap();
    let scenario = "scenario: a name is accepted\n\
                    clients: { alice: {} }\n\
                    steps: [ { use: join, with: { who: alice } } ]\n";
    std::fs::write(area.join("accepted.yaml"), scenario).unwrap();
    run_once(&["prove", &folder.path().display().to_string()])
        .expect(2)
        .complains("rules");
}

#[test]
fn a_protocol_without_faults_has_nothing_to_prove() {
    run_once(&["prove", "protocols/talk"])
        .expect(3)
        .complains("nothing to prove");
}

#[test]
fn a_fault_that_is_not_there_is_no_proof() {
    run_once(&["prove", &bcp(), "--fault", "nonsense"])
        .expect(2)
        .complains("there is no such fault");
}

#[test]
fn rules_are_listed_with_the_faults_that_break_them() {
    run_once(&["list", &bcp(), "--rules", "-v"])
        .expect(0)
        .says("BCP-6a  must of the server")
        .says("echo-alone: who is alone is sent his own messages");
    run_once(&["list", &bcp(), "-v"])
        .expect(2)
        .complains("--rules");
}

#[test]
fn a_fault_of_a_client_is_caught_by_scenarios_for_clients() {
    let arguments = [
        "prove",
        &bcp(),
        "--fault",
        "error-status-one",
        "-f",
        "the code of a refusal becomes its exit status",
        "-v",
    ];
    // A scenario cannot decide on a machine that is too busy.
    let caught =
        (1..TRIES).find_map(|_| Some(run_once(&arguments)).filter(|ended| ended.code == Some(0)));
    caught
        .unwrap_or_else(|| run_once(&arguments))
        .expect(0)
        .says("1 fault of the client")
        .says("1 of 1 fault caught");
}
