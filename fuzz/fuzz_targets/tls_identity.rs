#![no_main]
//! Who a certificate of any bytes says its holder is: a name that is used has none of the characters that may not be in it, and a policy
//! variable keeps its limits.

use libfuzzer_sys::fuzz_target;
use tls_auth::{Certificate, PrincipalRule, TemplateParameters, Variable, variable_names};

fuzz_target!(|data: &[u8]| {
    let Ok(certificate) = Certificate::parse(data) else {
        return;
    };
    for rule in [
        PrincipalRule::common_name(),
        PrincipalRule::dns_name(),
        PrincipalRule::uri(),
        PrincipalRule::spiffe_id(),
        PrincipalRule::email(),
    ] {
        if let Ok(principal) = rule.for_mqtt().principal(&certificate) {
            let name = principal.as_str();
            assert!(!name.is_empty() && !name.contains(['+', '#', '/']));
            assert!(!name.chars().any(char::is_control));
        }
    }
    for name in variable_names() {
        let whole = Variable::of(&certificate, &name);
        if let Variable::Value(value) = &whole {
            assert!(!value.contains(['*', '$', '?', '#']));
        }
        if let Variable::List(values) = Variable::of(&certificate, &format!("{name}.List")) {
            assert!(values.len() <= 5);
        }
    }
    assert!(
        TemplateParameters::of(&certificate)
            .value("AWS::IoT::Certificate::Id")
            .is_some()
    );
    assert!(!certificate.subject().to_string().contains('\n'));
});
