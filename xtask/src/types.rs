//! The API's types in TypeScript, from the API's own description, so that the page cannot think otherwise than the
//! program: `cargo xtask types` writes them, `cargo xtask types --check` says whether they are as written.

use crate::{Result, root};
use clap::Args;
use serde_json::{Map, Value};
use std::fmt::Write as _;

const FILE: &str = "web/src/lib/api/types.ts";

#[derive(Args)]
pub(crate) struct Types {
    /// Only compare with what is written
    #[arg(long)]
    check: bool,
}

impl Types {
    pub(crate) fn run(&self) -> Result<()> {
        let text = typescript(&didymos_gateway::openapi_document("twin_session_PORT"))?;
        let path = root().join(FILE);
        if self.check {
            let written = std::fs::read_to_string(&path).map_err(|error| format!("{FILE}: {error}"))?;
            if written != text {
                return Err(format!("{FILE} is behind the Rust types: run `cargo xtask types`").into());
            }
            println!("types: {FILE} is what the Rust types say");
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, &text)?;
        println!("types: {} lines in {FILE}", text.lines().count());
        Ok(())
    }
}

fn typescript(document: &Value) -> Result<String> {
    let mut out = String::from("// Made by `cargo xtask types` from the Rust types. Do not edit.\n");
    let schemas = document["components"]["schemas"].as_object().ok_or("a document without schemas")?;
    for (name, schema) in schemas {
        out.push('\n');
        doc(&mut out, "", schema);
        let text = of(schema, "")?;
        writeln!(out, "export type {name} = {text};")?;
    }
    let paths = document["paths"].as_object().ok_or("a document without paths")?;
    let (mut door, mut outside) = (String::new(), String::new());
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let name = path.strip_prefix("/api/").filter(|name| name.contains('@'));
            let to = if name.is_some() { &mut door } else { &mut outside };
            let key = name.map_or_else(|| format!("{} {path}", method.to_uppercase()), str::to_owned);
            if let Some(summary) = operation["summary"].as_str() {
                writeln!(to, "  /** {} */", summary.replace("*/", "* /"))?;
            }
            let params = match operation.pointer("/requestBody/content") {
                None => "undefined".to_owned(),
                Some(content) => match content.pointer("/application~1json/schema") {
                    Some(schema) => of(schema, "  ")?,
                    None => "Blob".to_owned(),
                },
            };
            let answer = match operation.pointer("/responses/200/content/application~1json/schema") {
                Some(schema) => of(schema, "  ")?,
                // Over HTTP this is refused, or has nothing to say.
                None if operation.pointer("/responses/204").is_some() => "undefined".to_owned(),
                None => "never".to_owned(),
            };
            writeln!(to, "  \"{key}\": {{ params: {params}; answer: {answer} }};")?;
        }
    }
    write!(out, "\n/** Requests of the door: `POST /api/NAME`. */\nexport interface Requests {{\n{door}}}\n")?;
    write!(out, "\n/** What is asked outside the door. */\nexport interface Routes {{\n{outside}}}\n")?;
    Ok(out)
}

/// A comment from a schema's description.
fn doc(out: &mut String, indent: &str, schema: &Value) {
    let Some(words) = schema["description"].as_str() else { return };
    let words = words.replace("*/", "* /");
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if let [line] = lines.as_slice() {
        out.push_str(&format!("{indent}/** {line} */\n"));
        return;
    }
    out.push_str(&format!("{indent}/**\n"));
    for line in lines {
        out.push_str(&format!("{indent} * {line}\n"));
    }
    out.push_str(&format!("{indent} */\n"));
}

/// The type that a schema describes.
fn of(schema: &Value, indent: &str) -> Result<String> {
    let map = match schema {
        Value::Bool(true) => return Ok("unknown".to_owned()),
        Value::Bool(false) => return Ok("never".to_owned()),
        Value::Object(map) => map,
        other => return Err(format!("not a schema: {other}").into()),
    };
    if let Some(to) = map.get("$ref").and_then(Value::as_str) {
        return Ok(to.rsplit('/').next().unwrap_or_default().to_owned());
    }
    if let Some(value) = map.get("const") {
        return Ok(value.to_string());
    }
    if let Some(values) = map.get("enum").and_then(Value::as_array) {
        return Ok(values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "));
    }
    for (key, joint) in [("oneOf", " | "), ("anyOf", " | "), ("allOf", " & ")] {
        if let Some(parts) = map.get(key).and_then(Value::as_array) {
            let mut parts = parts.iter().map(|part| of(part, indent)).collect::<Result<Vec<_>>>()?;
            if map.contains_key("properties") {
                let common = object(map, indent)?;
                let either = parts.join(joint);
                return Ok(format!("{common} & ({either})"));
            }
            parts.dedup();
            return Ok(parts.join(joint));
        }
    }
    match map.get("type") {
        Some(Value::Array(kinds)) => {
            let kinds = kinds.iter().map(|kind| simple(kind.as_str().unwrap_or_default(), map, indent));
            Ok(kinds.collect::<Result<Vec<_>>>()?.join(" | "))
        }
        Some(Value::String(kind)) => simple(kind, map, indent),
        _ if map.contains_key("properties") => object(map, indent),
        _ => Ok("unknown".to_owned()),
    }
}

fn simple(kind: &str, map: &Map<String, Value>, indent: &str) -> Result<String> {
    Ok(match kind {
        "string" => "string".to_owned(),
        "number" | "integer" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => match (map.get("prefixItems").and_then(Value::as_array), map.get("items")) {
            (Some(items), _) => {
                let items = items.iter().map(|item| of(item, indent)).collect::<Result<Vec<_>>>()?;
                format!("[{}]", items.join(", "))
            }
            (None, Some(item)) => {
                let item = of(item, indent)?;
                if item.contains([' ', '|', '&']) { format!("({item})[]") } else { format!("{item}[]") }
            }
            (None, None) => "unknown[]".to_owned(),
        },
        "object" => object(map, indent)?,
        other => return Err(format!("a schema of the unknown type {other}").into()),
    })
}

fn object(map: &Map<String, Value>, indent: &str) -> Result<String> {
    let none = Map::new();
    let properties = map.get("properties").and_then(Value::as_object).unwrap_or(&none);
    if properties.is_empty() {
        return Ok(match map.get("additionalProperties") {
            Some(Value::Bool(false)) => "Record<string, never>".to_owned(),
            None | Some(Value::Bool(true)) => "Record<string, unknown>".to_owned(),
            Some(values) => format!("Record<string, {}>", of(values, indent)?),
        });
    }
    let required: Vec<&str> =
        map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let within = format!("{indent}  ");
    let mut text = "{\n".to_owned();
    for (name, schema) in properties {
        doc(&mut text, &within, schema);
        let optional = if required.contains(&name.as_str()) { "" } else { "?" };
        writeln!(text, "{within}{name}{optional}: {};", of(schema, &within)?)?;
    }
    text.push_str(indent);
    text.push('}');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_become_types() {
        for (schema, expected) in [
            (json!({ "type": "string" }), "string"),
            (json!({ "type": ["integer", "null"] }), "number | null"),
            (json!({ "type": "array", "items": { "type": ["number", "null"] } }), "(number | null)[]"),
            (json!({ "type": "array", "prefixItems": [{ "type": "integer" }, { "$ref": "#/x/Y" }] }), "[number, Y]"),
            (json!({ "enum": ["a", "b"] }), "\"a\" | \"b\""),
            (json!({ "anyOf": [{ "$ref": "#/x/Y" }, { "type": "null" }] }), "Y | null"),
            (json!({ "type": "object", "additionalProperties": { "type": "integer" } }), "Record<string, number>"),
            (json!({ "type": "object", "additionalProperties": false }), "Record<string, never>"),
            (json!(true), "unknown"),
        ] {
            assert_eq!(of(&schema, "").expect("a type"), expected, "{schema}");
        }
        let schema = json!({ "type": "object", "required": ["a"], "properties": { "a": { "type": "string", "description": "One." }, "b": true } });
        assert_eq!(of(&schema, "").expect("a type"), "{\n  /** One. */\n  a: string;\n  b?: unknown;\n}");
        assert!(of(&json!({ "type": "date" }), "").is_err());
    }

    #[test]
    fn every_request_and_every_type_of_the_document_is_there() {
        let document = didymos_gateway::openapi_document("x");
        let text = typescript(&document).expect("types");
        for name in document["components"]["schemas"].as_object().expect("schemas").keys() {
            assert!(text.contains(&format!("export type {name} = ")), "{name}");
        }
        assert!(text.contains("\"today.cards@1\": { params: Today; answer: TodayAnswer };"));
        assert!(text.contains("\"POST /auth/unlock\": { params: Unlock; answer: undefined };"));
        assert!(text.contains("\"POST /api/upload\": { params: Blob; answer: Uploaded };"));
    }
}
