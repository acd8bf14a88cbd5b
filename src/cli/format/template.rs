//! `--format`: Go templates over our results, with the functions of docker and podman.

use super::visible;
use super::{adapt, go, table};
use crate::error::{Error, Result, invalid};
use gotmpl::{Template, TemplateError, Value};
use std::collections::HashSet;
use std::sync::Arc;

/// A template that was parsed, and whether it wants a table.
pub(crate) struct Format {
    template: Template,
    text: String,
    table: bool,
    uses: Uses,
}

/// A field of a command's rows.
pub(crate) struct Field<Row> {
    /// Its name in templates.
    pub(crate) name: &'static str,
    /// The heading of its column.
    pub(crate) heading: &'static str,
    /// Its value in a row; `true` asks for the whole of what is cut otherwise.
    pub(crate) value: fn(&Row, bool) -> serde_json::Value,
}

/// The name of the template itself, beside those that it defines.
const NAME: &str = "format";

/// Short for a [`Field`] in a table of them.
pub(crate) const fn field<Row>(
    name: &'static str,
    heading: &'static str,
    value: fn(&Row, bool) -> serde_json::Value,
) -> Field<Row> {
    Field { name, heading, value }
}

/// A command's examples, and below them what its templates can show.
pub(crate) fn help<Row>(examples: &str, fields: &[Field<Row>]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    format!("{examples}\n\nFields of --format: {}", names.join(", "))
}

/// What `--format` asks for; `None` for the usual table, which `table` alone means as well.
pub(crate) fn asked(format: Option<&str>) -> Option<&str> {
    format.filter(|format| !matches!(format.trim(), "" | "table"))
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
        let body = if table { in_columns(&body) } else { body };
        let uses = Uses::of(&body);
        let template =
            adapt::parse(functions(Template::new(NAME)), NAME, &body).map_err(|error| wrong(text, &error))?;
        Ok(Format { template, text: body, table, uses })
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
        self.template.execute_template_to_string(NAME, value).map_err(|error| wrong(&self.text, &error))
    }

    /// Whether the template can show this field of a row. What it cannot show need not be made.
    pub(crate) fn uses(&self, name: &str) -> bool {
        self.uses.holds(name)
    }

    /// All rows, each on its line, with only those fields made that the template uses.
    ///
    /// # Errors
    /// As [`Format::render`].
    pub(crate) fn rows<Row>(
        &self,
        rows: &[Row],
        fields: &[Field<Row>],
        whole: bool,
        with_heading: bool,
    ) -> Result<String> {
        let used: Vec<(Arc<str>, &Field<Row>)> = fields
            .iter()
            .filter(|field| self.uses(field.name))
            .map(|field| (Arc::from(field.name), field))
            .collect();
        // The template is the user's own, and may colour what it shows; the values are others'.
        let for_people = self.table || visible::is_shown();
        let values: Vec<Value> = rows
            .iter()
            .map(|row| {
                let shown = |made| if for_people { visible::values(made) } else { made };
                let made =
                    |field: &Field<Row>| go::of_field("", field.name, &shown((field.value)(row, whole)));
                go::structure(used.iter().map(|(name, field)| (name.clone(), made(field))))
            })
            .collect();
        let headings =
            used.iter().map(|(name, field)| (name.clone(), Value::String(Arc::from(field.heading))));
        let heading = (self.table && with_heading).then(|| go::structure(headings));
        self.lines(&values, heading.as_ref()).map_err(|error| {
            let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
            error.hint(format!("the fields are {}", names.join(", ")))
        })
    }

    /// All values, each on its line, below a heading.
    ///
    /// # Errors
    /// As [`Format::render`].
    pub(crate) fn lines(&self, values: &[Value], heading: Option<&Value>) -> Result<String> {
        // As podman: a template that goes through the list itself gets all of it.
        if self.text.replace(' ', "").starts_with("{{range.}}") {
            return Ok(self.render(&Value::List(values.into()))? + "\n");
        }
        let mut text = String::new();
        for value in heading.into_iter().chain(values) {
            text += &self.render(value)?;
            text.push('\n');
        }
        Ok(if self.table { table::layout(&text, table::terminal_width()) } else { text })
    }
}

/// What of a row a template mentions.
struct Uses {
    /// The words behind a dot.
    words: HashSet<String>,
    /// The row as a whole, or what cannot be told.
    all: bool,
}

impl Uses {
    /// Reads the words behind dots in all actions, those in quoted text as well: too many do no harm.
    fn of(template: &str) -> Uses {
        let mut uses = Uses { words: HashSet::new(), all: false };
        for action in template.split("{{").skip(1) {
            let action = action.split("}}").next().unwrap_or_default();
            let mut parts = action.split('.');
            let in_word = |c: char| c.is_alphanumeric() || c == '_';
            // `$` alone is the row; what a variable holds stands where it is set.
            uses.all |= action.split('$').skip(1).any(|rest| !rest.starts_with(|c| in_word(c) || c == '.'));
            let mut before = parts.next().unwrap_or_default();
            for part in parts {
                let end = part.find(|c| !in_word(c)).unwrap_or(part.len());
                let number = before
                    .rsplit(|c| !in_word(c))
                    .next()
                    .is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()));
                match &part[..end] {
                    "" => uses.all = true,
                    _ if number => {}
                    // A method in Go, which reads another field.
                    "Label" => drop(uses.words.insert("Labels".to_string())),
                    word => drop(uses.words.insert(word.to_string())),
                }
                before = part;
            }
        }
        uses
    }

    fn holds(&self, name: &str) -> bool {
        self.all || self.words.contains(name)
    }
}

/// Of a table's template the spaces between two actions part columns, as in podman.
fn in_columns(template: &str) -> String {
    let mut parts = template.split("}}").peekable();
    let mut text = String::new();
    while let Some(part) = parts.next() {
        let rest = part.trim_start_matches(' ');
        if !text.is_empty() && rest.len() < part.len() && rest.starts_with("{{") {
            text.push('\t');
            text += rest;
        } else {
            text += part;
        }
        if parts.peek().is_some() {
            text += "}}";
        }
    }
    text
}

/// A row with all its fields.
pub(crate) fn object<Row>(row: &Row, fields: &[Field<Row>]) -> serde_json::Value {
    let made = fields.iter().map(|field| (field.name.to_string(), (field.value)(row, false)));
    serde_json::Value::Object(made.collect())
}

fn wrong(text: &str, error: &TemplateError) -> Error {
    let error = match error {
        TemplateError::Exec(text) => text.clone(),
        other => other.to_string(),
    };
    let error = error.replace('\n', " ");
    invalid(format!("--format {text:?}: {error}"))
        .hint("it is a Go template; `--format json` shows what there is")
}

fn functions(template: Template) -> Template {
    template
        .func("json", |args| Ok(Value::String(go::json(one(args, "json")?).to_string().into())))
        .func("index", |args| {
            let Some((item, keys)) = args.split_first() else {
                return Err(arity("index", "a value and keys"));
            };
            keys.iter().try_fold(item.clone(), |value, key| match (&value, key) {
                // Go answers with the zero of the map's type; ours are of strings or of anything.
                (Value::Map(map), Value::String(key)) if !map.contains_key(key) => {
                    let all = |is: fn(&Value) -> bool| map.values().all(is);
                    Ok(match () {
                        () if all(|value| matches!(value, Value::String(_))) => string(String::new()),
                        () if all(|value| matches!(value, Value::List(_))) => go::nil_list(),
                        () => Value::Nil,
                    })
                }
                _ => value.index(key),
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render(template: &str) -> String {
        let data = go::value(&json!({
            "Name": "web", "Names": ["a", "b"], "Empty": null, "N": 7, "List": [{"A": 1}],
            "State": {"Status": "running", "Running": true, "Cmd": null, "Volumes": null},
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
        for template in
            ["{{.Nope}}", "{{if .Nope}}{{end}}", "{{$.Nope}}", "{{(index .List 0).Nope}}", "{{.State.Nope}}"]
        {
            assert!(render(template).contains("can't evaluate field Nope"), "{}", render(template));
        }
        for template in
            ["{{.Name.Nope}}", "{{.Empty.Nope}}", "{{range .State}}{{end}}", "{{len .State}}", "{{.Name"]
        {
            assert!(render(template).starts_with("--format"), "{template}: {}", render(template));
        }
        assert_eq!(render("{{.Labels.nope}}"), "<no value>");
    }

    #[test]
    fn everything_prints_as_in_go() {
        for (template, text) in [
            ("{{.State}}", "{running true [] map[]}"),
            ("{{println .State}}", "{running true [] map[]}\n"),
            (r#"{{printf "%s %v %d" .State .List .N}}"#, "{running true [] map[]} [{1}] 7"),
            (r#"{{.Labels | printf "%s"}}"#, "map[k:v x.y:1]"),
            ("{{json .State}}", r#"{"Status":"running","Running":true,"Cmd":null,"Volumes":null}"#),
            ("{{.Ports}}", "map[443/tcp:[] 80/tcp:[{0.0.0.0 8080}]]"),
            (r#"{{index .Ports "9/tcp"}}{{if index .Ports "9/tcp"}}x{{end}}"#, "[]"),
            ("{{.Empty}} {{.State.Cmd}} {{.State.Volumes}} {{json .Empty}}", "<nil> [] map[] null"),
            ("{{range .State.Cmd}}x{{else}}none{{end}} {{len .State.Volumes}}", "none 0"),
            ("{{if .Empty}}a{{else}}b{{end}}{{if .State}}c{{end}}{{with .State.Cmd}}d{{end}}", "bc"),
            (r#"{{with .State}}{{.Status}} {{$.Label "k"}}{{end}}"#, "running v"),
            (r#"{{define "x"}}<{{.Status}}>{{end}}{{template "x" .State}}"#, "<running>"),
            (r#"{{range $i, $x := .List}}{{$i}}{{$x.A}}{{end}} {{.Names | len}}"#, "01 2"),
            ("{{$x := .State}}{{$x.Status}}{{$y := 1}}{{$y = 2}}{{$y}}", "running2"),
            (r#"{{or .State.Cmd .Name}} {{eq .State.Status "running"}} {{not .Empty}}"#, "web true true"),
        ] {
            assert_eq!(render(template), text, "{template}");
        }
    }

    const FIELDS: &[Field<(u8, &str)>] = &[
        field("ID", "CONTAINER ID", |row, _| row.0.into()),
        field("Names", "NAMES", |row, whole| if whole { "whole".into() } else { row.1.into() }),
        field("Costly", "", |row, _| panic!("nobody asked for it: {}", row.1)),
    ];

    #[test]
    fn a_table_has_a_heading() {
        let rows = [(1, "a"), (2, "b")];
        let shown = |text: &str, heading| Format::parse(text).unwrap().rows(&rows, FIELDS, false, heading);
        let text = "table {{.ID}}\\t{{.Names}}";
        assert_eq!(shown(text, true).unwrap(), "CONTAINER ID  NAMES\n1             a\n2             b\n");
        assert_eq!(shown(text, false).unwrap(), "1           a\n2           b\n");
        assert_eq!(
            shown("table {{.ID}} {{.Names}}", false).unwrap(),
            shown(text, false).unwrap(),
            "spaces part columns"
        );
        assert_eq!(shown("table {{.ID}} x {{.Names}}", false).unwrap(), "1 x a\n2 x b\n");
        let error = shown("{{.Nope}}", true).unwrap_err();
        assert_eq!(error.find_hint(), Some("the fields are ID, Names, Costly"));
        let whole = Format::parse("{{.Names}}").unwrap().rows(&rows, FIELDS, true, true);
        assert_eq!(whole.unwrap(), "whole\nwhole\n");
        let all = Format::parse("{{range .}}{{.}},{{end}}").unwrap();
        assert_eq!(all.lines(&[go::value(&1.into()), go::value(&2.into())], None).unwrap(), "1,2,\n");
    }

    #[test]
    fn only_the_fields_are_made_that_a_template_can_show() {
        for (template, uses, other) in [
            ("{{.ID}}\t{{ .Names }}", "Names", "Image"),
            ("{{if gt 1.5 2.0}}{{.Image}}{{end}}", "Image", "5"),
            ("{{.Label \"a.b\"}}", "Labels", "ID"),
            ("{{range $p, $conf := .Ports}}{{$p}}{{end}}", "Ports", "ID"),
            (".ID {{.Names | json}}", "Names", "ID"),
        ] {
            let format = Format::parse(template).unwrap();
            assert!(format.uses(uses) && !format.uses(other), "{template}");
        }
        for all in ["{{json .}}", "{{.}}", "{{with $}}{{.ID}}{{end}}", "{{with $x := .}}{{$x.ID}}{{end}}"] {
            assert!(Format::parse(all).unwrap().uses("Anything"), "{all}");
        }
    }
}
