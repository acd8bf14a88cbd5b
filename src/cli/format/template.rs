//! `--format`: Go templates over our results, with the functions of docker and podman.

use super::table;
use crate::error::{Error, Result, invalid};
use gotmpl::{MissingKey, Template, TemplateError, Value};
use serde::Serialize;
use std::sync::Arc;

/// A template that was parsed, and whether it wants a table.
pub(crate) struct Format {
    template: Template,
    text: String,
    table: bool,
}

impl Format {
    /// Parses `--format`; `table ` before it asks for columns and a heading.
    ///
    /// # Errors
    /// `Invalid` when it is not a Go template.
    pub(crate) fn parse(text: &str) -> Result<Format> {
        let (body, table) = match text.strip_prefix("table") {
            Some(rest) if rest.starts_with([' ', '\t', '{']) => (rest.trim_start(), true),
            _ => (text, false),
        };
        // The shell's single quotes leave these two alone, so docker and podman turn them.
        let body = body.replace("\\t", "\t").replace("\\n", "\n");
        // A method in Go; fields of ours take no arguments, functions do.
        let body = body.replace(".Label \"", "label . \"");
        let template = functions(Template::new("format").missing_key(missing_key(&body)))
            .parse(&body)
            .map_err(|error| wrong(text, &error))?;
        Ok(Format { template, text: body, table })
    }

    /// Whether it is exactly `{{json .}}`.
    pub(crate) fn is_whole_json(&self) -> bool {
        self.text.replace(' ', "") == "{{json.}}"
    }

    /// One value's text, without a newline.
    ///
    /// # Errors
    /// `Invalid` when the template asks for what the value does not have.
    pub(crate) fn render(&self, value: &Value) -> Result<String> {
        self.template.execute_to_string(value).map_err(|error| wrong(&self.text, &error))
    }

    /// All rows, each on its line. `headings` are the columns' titles, by the fields' names.
    ///
    /// # Errors
    /// As [`Format::render`].
    pub(crate) fn rows(
        &self,
        rows: &[Value],
        headings: &[(&str, &str)],
        with_heading: bool,
    ) -> Result<String> {
        // As podman: a template that goes through the list itself gets all of it.
        if self.text.replace(' ', "").starts_with("{{range.}}") {
            return Ok(self.render(&Value::List(rows.into()))? + "\n");
        }
        let mut text = String::new();
        if self.table && with_heading {
            let titles =
                headings.iter().map(|(field, title)| (Arc::from(*field), Value::String(Arc::from(*title))));
            text += &self.render(&Value::Map(Arc::new(titles.collect())))?;
            text.push('\n');
        }
        for row in rows {
            text += &self.render(row)?;
            text.push('\n');
        }
        Ok(if self.table { table::layout(&text, table::terminal_width()) } else { text })
    }
}

/// A value of ours as the template sees it.
pub(crate) fn value(value: &impl Serialize) -> Value {
    gotmpl::to_value(value).expect("our own types have string keys and numbers of 64 bits")
}

/// A field that a Go struct does not have is an error, a key that a Go map does not have is not.
/// Both are maps here, so a template that reaches into one of the open maps is not checked.
fn missing_key(template: &str) -> MissingKey {
    const OPEN: [&str; 6] = [".Labels.", ".Annotations.", ".Ports.", ".Networks.", ".Tmpfs.", ".Volumes."];
    if OPEN.iter().any(|map| template.contains(map)) { MissingKey::default() } else { MissingKey::Error }
}

fn wrong(text: &str, error: &TemplateError) -> Error {
    let error = error.to_string().replace('\n', " ");
    invalid(format!("--format {text:?}: {error}")).hint("it is a Go template, as in --format '{{.Names}}'")
}

fn functions(template: Template) -> Template {
    template
        .func("json", |args| Ok(Value::String(to_json(one(args, "json")?).to_string().into())))
        .func("index", |args| {
            let Some((item, keys)) = args.split_first() else {
                return Err(arity("index", "a value and keys"));
            };
            keys.iter().try_fold(item.clone(), |value, key| match (&value, key) {
                // Go answers with the zero of the map's type; ours are of strings or of anything.
                (Value::Map(map), Value::String(key)) if !map.contains_key(key) => {
                    let of_strings = map.values().all(|value| matches!(value, Value::String(_)));
                    Ok(if of_strings { string(String::new()) } else { Value::Nil })
                }
                _ => value.index(key),
            })
        })
        .func("label", |args| {
            let [row, key] = args else { return Err(arity("Label", "a label's name")) };
            let key = key.to_string();
            Ok(match row.field("Labels") {
                Some(Value::Map(labels)) => {
                    labels.get(key.as_str()).cloned().unwrap_or(string(String::new()))
                }
                // The row of headings: the last part of the name, as docker shows it.
                _ => string(key.rsplit('.').next().unwrap_or_default().replace(['-', '_'], " ")),
            })
        })
        .func("lower", |args| map_text(args, "lower", |text| text.to_lowercase()))
        .func("upper", |args| map_text(args, "upper", |text| text.to_uppercase()))
        .func("title", |args| map_text(args, "title", title))
        .func("join", |args| {
            let [list, separator] = args else { return Err(arity("join", "a list and a separator")) };
            let words: Vec<String> = match list {
                Value::List(words) => words.iter().map(ToString::to_string).collect(),
                Value::Nil => Vec::new(),
                other => vec![other.to_string()],
            };
            Ok(string(words.join(&separator.to_string())))
        })
        .func("split", |args| {
            let [text, separator] = args else { return Err(arity("split", "a text and a separator")) };
            let (text, separator) = (text.to_string(), separator.to_string());
            Ok(Value::List(text.split(separator.as_str()).map(|word| string(word.to_string())).collect()))
        })
        .func("truncate", |args| {
            let [text, most] = args else { return Err(arity("truncate", "a text and a length")) };
            let most = usize::try_from(most.as_int().unwrap_or(0)).unwrap_or(0);
            Ok(string(text.to_string().chars().take(most).collect()))
        })
        .func("pad", |args| {
            let [text, before, after] = args else {
                return Err(arity("pad", "a text and two numbers of spaces"));
            };
            let text = text.to_string();
            if text.is_empty() {
                return Ok(string(text));
            }
            let spaces =
                |count: &Value| " ".repeat(usize::try_from(count.as_int().unwrap_or(0)).unwrap_or(0));
            Ok(string(format!("{}{text}{}", spaces(before), spaces(after))))
        })
}

fn string(text: String) -> Value {
    Value::String(text.into())
}

fn arity(name: &str, wants: &str) -> TemplateError {
    TemplateError::Exec(format!("{name} takes {wants}"))
}

fn one<'a>(args: &'a [Value], name: &str) -> gotmpl::Result<&'a Value> {
    match args {
        [value] => Ok(value),
        _ => Err(arity(name, "one value")),
    }
}

fn map_text(args: &[Value], name: &str, change: impl Fn(&str) -> String) -> gotmpl::Result<Value> {
    Ok(string(change(&one(args, name)?.to_string())))
}

/// The first letter of each word in upper case.
fn title(text: &str) -> String {
    let mut at_start = true;
    text.chars()
        .map(|c| {
            let upper = if at_start { c.to_uppercase().next().unwrap_or(c) } else { c };
            at_start = !c.is_alphanumeric() && c != '_' && c != '\'';
            upper
        })
        .collect()
}

fn to_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::Bool(truth) => Json::from(*truth),
        Value::Int(number) => Json::from(*number),
        Value::Uint(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::String(text) => Json::from(text.as_ref()),
        Value::List(list) => Json::Array(list.iter().map(to_json).collect()),
        Value::Map(map) => {
            Json::Object(map.iter().map(|(key, value)| (key.to_string(), to_json(value))).collect())
        }
        Value::Nil | Value::Function(_) => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render(template: &str) -> String {
        let data = value(&json!({
            "Name": "web", "Names": ["a", "b"], "Empty": null, "N": 7,
            "Labels": {"x.y": "1", "k": "v"},
            "Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "443/tcp": null},
        }));
        Format::parse(template).and_then(|format| format.render(&data)).unwrap_or_else(|error| error.chain())
    }

    #[test]
    fn the_functions_of_docker_and_podman_are_there() {
        for (template, text) in [
            ("{{.Name}}", "web"),
            ("{{json .Names}}", r#"["a","b"]"#),
            ("{{json .Empty}}", "null"),
            (r#"{{join .Names ", "}}"#, "a, b"),
            ("{{upper .Name}} {{.Name | title}} {{lower \"X\"}}", "WEB Web x"),
            (r#"{{index (split "a:b" ":") 1}}"#, "b"),
            ("{{truncate .Name 2}}", "we"),
            (r#"[{{pad .Name 1 2}}]"#, "[ web  ]"),
            (r#"{{.Label "k"}}{{.Label "no"}}."#, "v."),
            ("{{println .N}}", "7\n"),
            ("{{slice .Name 1}}", "eb"),
            (r#"{{.Name}}\t{{.N}}"#, "web\t7"),
            (r#"{{index .Labels "x.y"}}{{.Labels.k}}{{index .Labels "no"}}."#, "1v."),
            (r#"{{(index (index .Ports "80/tcp") 0).HostPort}}"#, "8080"),
            (
                "{{range $p, $conf := .Ports}}{{$p}} {{if $conf}}{{(index $conf 0).HostPort}}{{end}};{{end}}",
                "443/tcp ;80/tcp 8080;",
            ),
            (r#"{{if and (eq .N 7) (ne .Name "x")}}y{{else}}n{{end}}"#, "y"),
            (r#"{{printf "%-5s|%03d|%q" .Name .N .Name}}"#, "web  |007|\"web\""),
            ("a {{- with .Name}} {{.}} {{- end}}", "a web"),
        ] {
            assert_eq!(render(template), text, "{template}");
        }
    }

    #[test]
    fn a_field_that_is_not_there_is_an_error() {
        assert!(render("{{.Nope}}").contains("Nope"), "{}", render("{{.Nope}}"));
        assert!(render("{{.Name").starts_with("--format"));
        assert_eq!(render("{{.Labels.nope}}"), "<no value>");
    }

    #[test]
    fn a_table_has_a_heading() {
        let rows = [value(&json!({"ID": "1", "Names": "a"})), value(&json!({"ID": "2", "Names": "b"}))];
        let headings = [("ID", "CONTAINER ID"), ("Names", "NAMES")];
        let format = Format::parse("table {{.ID}}\\t{{.Names}}").unwrap();
        assert_eq!(
            format.rows(&rows, &headings, true).unwrap(),
            "CONTAINER ID  NAMES\n1             a\n2             b\n"
        );
        let all = Format::parse("{{range .}}{{.ID}},{{end}}").unwrap();
        assert_eq!(all.rows(&rows, &headings, true).unwrap(), "1,2,\n");
        assert_eq!(format.rows(&rows, &headings, false).unwrap(), "1           a\n2           b\n");
    }
}
