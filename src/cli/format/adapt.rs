//! Makes a parsed template ask for what the template crate cannot do by itself: fields of structs, which
//! are an error where there is none of that name, and texts as Go prints them.
//!
//! The tree is changed, not the text: each field becomes a call of [`FIELD`], what is printed goes
//! through [`SHOW`], and so on. Their names are none that a template could have.

use super::super::usage::nearest;
use super::go;
use gotmpl::parse::{BranchNode, CommandNode, Expr, ListNode, Node, Parser, PipeNode, Pos};
use gotmpl::{Template, TemplateError, Value};

/// `FIELD value name…`: the field of a struct, or the value of a map's key.
const FIELD: &str = "$field";
/// `LABEL value name`: podman's and docker's method.
const LABEL: &str = "$label";
/// `SHOW value`: what an action prints.
const SHOW: &str = "$show";
/// `TEXT value`: the value itself, or its text where the crate's functions would make another.
const TEXT: &str = "$text";
/// `MEMBERS value`: the value itself, if it is one that has members to count or go through.
const MEMBERS: &str = "$members";

/// Adds the functions that the changed tree calls.
fn functions(template: Template) -> Template {
    template
        .func(FIELD, |args| {
            let (value, names) = args.split_first().ok_or_else(|| error("a field of nothing"))?;
            names.iter().try_fold(value.clone(), |value, name| field(&value, &name.to_string()))
        })
        .func(SHOW, |args| Ok(Value::String(shown(args).into())))
        .func(TEXT, |args| {
            let value = args.first().unwrap_or(&Value::Nil);
            Ok(if go::needs_text(value) { Value::String(go::text(value).into()) } else { value.clone() })
        })
        .func(MEMBERS, |args| match args.first() {
            Some(value) if go::fields(value).is_some() => Err(error(
                "a struct is no list and no map: its fields can be named, not counted or gone through",
            )),
            other => Ok(other.cloned().unwrap_or(Value::Nil)),
        })
        .func(LABEL, |args| match args {
            [row, key] => Ok(label(row, &key.to_string())),
            _ => Err(error("Label takes a label's name")),
        })
}

fn error(text: impl Into<String>) -> TemplateError {
    TemplateError::Exec(text.into())
}

fn field(value: &Value, name: &str) -> gotmpl::Result<Value> {
    if let Some(found) = value.field(name) {
        return Ok(found.clone());
    }
    if go::is_nil_pointer(value) {
        return Err(error(format!("there is nothing whose {name} could be told: it is nil")));
    }
    match value {
        // A key that a map does not have is no error in Go.
        Value::Map(_) if go::fields(value).is_none() => Ok(Value::Nil),
        Value::Nil => Ok(Value::Nil),
        Value::Map(_) => {
            let fields = go::fields(value).unwrap_or_default();
            let meant =
                nearest(name, &fields).map(|name| format!(", did you mean {name}?")).unwrap_or_default();
            Err(error(format!("can't evaluate field {name}: there is none of that name{meant}")))
        }
        other => Err(error(format!("can't evaluate field {name} in type {}", other.type_name()))),
    }
}

fn shown(args: &[Value]) -> String {
    match args.first() {
        None | Some(Value::Nil) => "<no value>".to_string(),
        Some(value) => go::text(value),
    }
}

fn label(row: &Value, key: &str) -> Value {
    let text = match row.field("Labels") {
        Some(Value::Map(labels)) => labels.get(key).map_or(String::new(), ToString::to_string),
        // As podman and docker list those of networks.
        Some(Value::String(labels)) if labels.contains('=') => {
            let mut pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
            pairs.find(|(name, _)| *name == key).map_or(String::new(), |(_, value)| value.to_string())
        }
        // The row of headings: the last part of the name, as docker shows it.
        _ => key.rsplit('.').next().unwrap_or_default().replace(['-', '_'], " "),
    };
    Value::String(text.into())
}

/// The functions that a template can call: Go's own, and those of docker and podman.
const KNOWN: [&str; 27] = [
    "and", "call", "eq", "ge", "gt", "html", "index", "join", "js", "json", "le", "len", "lower", "lt", "ne",
    "not", "or", "pad", "print", "printf", "println", "slice", "split", "title", "truncate", "upper",
    "urlquery",
];

/// Parses a template, changes it and adds it to `template` below this name, with those that it defines.
///
/// # Errors
/// When it is no template, or calls what is no function.
pub(crate) fn parse(template: Template, name: &str, text: &str) -> gotmpl::Result<Template> {
    let (tree, defines) = Parser::with_name(Some(name), text, "{{", "}}")?.parse()?;
    check_ends(name, text)?;
    let mut template = functions(template);
    let trees =
        std::iter::once((name, tree)).chain(defines.iter().map(|one| (one.name.as_str(), one.body.clone())));
    for (name, mut tree) in trees {
        let mut called = Vec::new();
        list(&mut tree, &mut called);
        if let Some(unknown) = called.iter().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(error(format!("function {unknown:?} not defined: there are {}", KNOWN.join(", "))));
        }
        template = template.add_parse_tree(name, tree);
    }
    Ok(template)
}

/// The crate's parser takes the end of the text for the end of whatever is open, and an end of nothing
/// for the end of the text. So what is added to the text must be there as the last of the whole.
fn check_ends(name: &str, text: &str) -> gotmpl::Result<()> {
    let (tree, _) = Parser::with_name(Some(name), &format!("{text}{{{{0}}}}"), "{{", "}}")?.parse()?;
    match tree.nodes.last() {
        Some(Node::Action(action)) if action.pos.offset >= text.len() => Ok(()),
        _ => Err(error("an {{end}} is missing, or one is too many")),
    }
}

/// Changes a tree, and tells the functions that it calls.
fn list(list: &mut ListNode, called: &mut Vec<String>) {
    list.nodes.iter_mut().for_each(|one| node(one, called));
}

fn node(node: &mut Node, called: &mut Vec<String>) {
    match node {
        Node::List(inner) => list(inner, called),
        Node::Action(action) => {
            pipe(&mut action.pipe, called);
            if action.pipe.decl.is_empty() {
                through(&mut action.pipe, SHOW);
            }
        }
        Node::If(branch) | Node::With(branch) => branches(branch, None, called),
        Node::Range(branch) => branches(branch, Some(MEMBERS), called),
        Node::Template(template) => template.pipe.iter_mut().for_each(|one| pipe(one, called)),
        Node::Define(define) => list(&mut define.body, called),
        Node::Text(_) | Node::Break(_) | Node::Continue(_) => {}
    }
}

fn branches(branch: &mut BranchNode, check: Option<&str>, called: &mut Vec<String>) {
    pipe(&mut branch.pipe, called);
    if let Some(check) = check {
        through(&mut branch.pipe, check);
    }
    list(&mut branch.body, called);
    branch.else_body.iter_mut().for_each(|body| list(body, called));
}

/// Hands what comes out of a pipeline to one more function.
fn through(pipe: &mut PipeNode, function: &str) {
    let pos = pipe.pos;
    pipe.commands.push(CommandNode { pos, args: vec![Expr::Identifier(pos, function.into())] });
}

fn pipe(pipe: &mut PipeNode, called: &mut Vec<String>) {
    let mut commands = Vec::with_capacity(pipe.commands.len());
    for mut command in std::mem::take(&mut pipe.commands) {
        if let Some(Expr::Identifier(pos, name)) = command.args.first() {
            let before = match name.as_str() {
                "print" | "println" | "printf" | "html" | "js" | "urlquery" => Some(TEXT),
                "len" | "index" | "slice" => Some(MEMBERS),
                _ => None,
            };
            let (pos, printf) = (*pos, name == "printf");
            if let Some(before) = before {
                for (at, argument) in command.args.iter_mut().enumerate().skip(1) {
                    if !(printf && at == 1) {
                        let inner = std::mem::replace(argument, Expr::Dot(pos));
                        *argument = call(pos, before, vec![inner]);
                    }
                }
                if !commands.is_empty() {
                    commands.push(CommandNode { pos, args: vec![Expr::Identifier(pos, before.into())] });
                }
            }
        }
        method(&mut command);
        command.args.iter_mut().for_each(|argument| expression(argument, called));
        commands.push(command);
    }
    pipe.commands = commands;
}

/// `.Label "name"` is a call in Go.
fn method(command: &mut CommandNode) {
    if command.args.len() < 2 {
        return;
    }
    let (pos, names) = match &mut command.args[0] {
        Expr::Field(pos, names) | Expr::Variable(pos, _, names) | Expr::Chain(pos, _, names) => (*pos, names),
        _ => return,
    };
    if names.last().is_none_or(|name| name != "Label") {
        return;
    }
    names.pop();
    if matches!(&command.args[0], Expr::Field(_, names) if names.is_empty()) {
        command.args[0] = Expr::Dot(pos);
    }
    command.args.insert(0, Expr::Identifier(pos, LABEL.into()));
}

fn expression(expr: &mut Expr, called: &mut Vec<String>) {
    let (pos, of, names) = match expr {
        Expr::Pipe(_, inner) => return pipe(inner, called),
        Expr::Identifier(_, name) if name.starts_with('$') => return,
        Expr::Identifier(_, name) => return called.push(name.to_string()),
        Expr::Field(pos, names) => (*pos, Expr::Dot(*pos), std::mem::take(names)),
        Expr::Variable(pos, name, names) if !names.is_empty() => {
            (*pos, Expr::Variable(*pos, name.clone(), Vec::new()), std::mem::take(names))
        }
        Expr::Chain(pos, inner, names) => {
            let mut inner = std::mem::replace(inner.as_mut(), Expr::Dot(*pos));
            expression(&mut inner, called);
            (*pos, inner, std::mem::take(names))
        }
        _ => return,
    };
    let names = names.iter().map(|name| Expr::String(pos, name.as_str().into()));
    *expr = call(pos, FIELD, std::iter::once(of).chain(names).collect());
}

fn call(pos: Pos, function: &str, mut args: Vec<Expr>) -> Expr {
    args.insert(0, Expr::Identifier(pos, function.into()));
    let commands = vec![CommandNode { pos, args }];
    Expr::Pipe(pos, PipeNode { pos, decl: Vec::new(), commands, is_assign: false })
}
