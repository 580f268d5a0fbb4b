//! The two modules.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use walrus::{
    ConstExpr, ElementItems, ElementKind, FunctionBuilder, FunctionId, FunctionKind, GlobalId, GlobalKind, ImportKind,
    ImportedFunction, MemoryId, Module, ModuleConfig, RefType, Table, TableId, ValType, ir::Value, passes,
};

use super::{Halves, NAMESPACE, graph::Graph, later::readable};

/// Under which name the first half says whether the rest is there.
const HERE: &str = "$here";

/// What goes where. Functions are named by their place in the module.
struct Plan {
    /// Those of the rest to which the first refers.
    doors: Vec<usize>,
    /// Those of the first to which the rest refers.
    shared: Vec<usize>,
}

impl Plan {
    fn new(module: &Module, graph: &Graph, is_later: impl Fn(&str) -> bool) -> Self {
        let named: Vec<bool> = graph
            .ids
            .iter()
            .map(|id| {
                let function = module.funcs.get(*id);
                // What the glue provides is not ours to move.
                matches!(function.kind, FunctionKind::Local(_)) && function.name.as_deref().is_some_and(&is_later)
            })
            .collect();
        let kept = graph.reached(|at| named[at]);
        let is_local = |at: &usize| matches!(module.funcs.get(graph.ids[*at]).kind, FunctionKind::Local(_));
        let moved: BTreeSet<_> = (0..graph.ids.len()).filter(|at| !kept.contains(at) && is_local(at)).collect();
        let from =
            |all: &BTreeSet<usize>| all.iter().flat_map(|at| &graph.calls[*at]).copied().collect::<BTreeSet<_>>();
        let wanted = from(&kept).into_iter().chain(graph.known_outside.iter().copied());
        let doors = wanted.filter(|at| moved.contains(at)).collect::<BTreeSet<_>>().into_iter().collect();
        let shared = from(&moved).difference(&moved).copied().collect();
        Self { doors, shared }
    }
}

/// Splits a module by the names of its functions.
pub fn of(wasm: &[u8], is_later: impl Fn(&str) -> bool) -> Result<Halves> {
    let read = || {
        let mut config = ModuleConfig::new();
        config.generate_name_section(false).generate_producers_section(false);
        config.parse(wasm).context("reading the module to be split")
    };
    let (mut first, mut rest) = (read()?, read()?);
    let graph = Graph::of(&first);
    let plan = Plan::new(&first, &graph, is_later);
    ensure!(!plan.doors.is_empty(), "nothing of the module is for later: do its functions still have their names?");
    let name = |at: &usize| first.funcs.get(graph.ids[*at]).name.as_deref().map(readable).unwrap_or_default();
    let names: Vec<_> = plan.doors.iter().map(name).collect();
    let base = keep_first(&mut first, &graph, &plan)?;
    keep_rest(&mut rest, &plan, base)?;
    Ok(Halves { first: first.emit_wasm(), rest: rest.emit_wasm(), doors: (base..).zip(names).collect() })
}

/// Makes `module` the first half. Returns the first slot of the doors.
fn keep_first(module: &mut Module, graph: &Graph, plan: &Plan) -> Result<u64> {
    let table = functions_table(module)?;
    let base = module.tables.get(table).initial;
    grow(module.tables.get_mut(table), plan.doors.len());
    for (name, id) in tables(module) {
        module.exports.add(&name, id);
    }
    for (name, id) in globals(module) {
        module.exports.add(&name, id);
    }
    for (name, id) in memories(module) {
        module.exports.add(&name, id);
    }
    for (number, at) in plan.shared.iter().enumerate() {
        module.exports.add(&function_name(number), graph.ids[*at]);
    }

    let ready = ready(module);
    for (number, at) in plan.doors.iter().enumerate() {
        let id = graph.ids[*at];
        let ty = module.funcs.get(id).ty();
        let (params, results) = (module.types.params(ty).to_vec(), module.types.results(ty).to_vec());
        let arguments: Vec<_> = params.iter().map(|param| module.locals.add(*param)).collect();
        let mut door = FunctionBuilder::new(&mut module.types, &params, &results);
        let slot = i32::try_from(base + number as u64)?;
        let mut body = door.func_body();
        body.i32_const(slot).call(ready);
        for argument in &arguments {
            body.local_get(*argument);
        }
        body.i32_const(slot).call_indirect(ty, table);
        module.funcs.get_mut(id).kind = FunctionKind::Local(door.local_func(arguments));
    }
    passes::gc::run(module);
    Ok(base)
}

/// The function that every door calls first, with its slot: asks the glue for the rest unless it is there.
fn ready(module: &mut Module) -> FunctionId {
    let one = module.types.add(&[ValType::I32], &[]);
    let (ask, _) = module.add_import_func(NAMESPACE, "ask", one);
    let is_here = module.globals.add_local(ValType::I32, true, false, ConstExpr::Value(Value::I32(0)));
    module.exports.add(HERE, is_here);
    let slot = module.locals.add(ValType::I32);
    let mut ready = FunctionBuilder::new(&mut module.types, &[ValType::I32], &[]);
    ready.func_body().global_get(is_here).if_else(
        None,
        |_| (),
        |missing| {
            missing.local_get(slot).call(ask);
        },
    );
    ready.finish(vec![slot], &mut module.funcs)
}

/// Makes `module` the second half.
fn keep_rest(module: &mut Module, plan: &Plan, base: u64) -> Result<()> {
    let ids: Vec<_> = module.funcs.iter().map(walrus::Function::id).collect();
    let table = functions_table(module)?;
    module.start = None;
    for id in module.exports.iter().map(walrus::Export::id).collect::<Vec<_>>() {
        module.exports.delete(id);
    }
    for id in module.data.iter().map(walrus::Data::id).collect::<Vec<_>>() {
        module.data.delete(id);
    }
    for id in module.elements.iter().map(walrus::Element::id).collect::<Vec<_>>() {
        module.elements.delete(id);
    }
    for id in module.imports.iter().map(walrus::Import::id).collect::<Vec<_>>() {
        module.imports.delete(id);
    }

    for (number, at) in plan.shared.iter().enumerate() {
        let ty = module.funcs.get(ids[*at]).ty();
        let import = module.imports.add(NAMESPACE, &function_name(number), ImportKind::Function(ids[*at]));
        module.funcs.get_mut(ids[*at]).kind = FunctionKind::Import(ImportedFunction { import, ty });
    }
    for (name, id) in tables(module) {
        let import = module.imports.add(NAMESPACE, &name, ImportKind::Table(id));
        let imported = module.tables.get_mut(id);
        imported.import = Some(import);
        imported.elem_segments.clear();
        if id == table {
            grow(imported, plan.doors.len());
        }
    }
    for (name, id) in globals(module) {
        let import = module.imports.add(NAMESPACE, &name, ImportKind::Global(id));
        module.globals.get_mut(id).kind = GlobalKind::Import(import);
    }
    for (name, id) in memories(module) {
        let import = module.imports.add(NAMESPACE, &name, ImportKind::Memory(id));
        let imported = module.memories.get_mut(id);
        imported.import = Some(import);
        imported.data_segments.clear();
    }

    let behind = plan.doors.iter().map(|at| ids[*at]).collect();
    let offset = ConstExpr::Value(Value::I32(i32::try_from(base)?));
    let doors = module.elements.add(ElementKind::Active { table, offset }, ElementItems::Functions(behind));
    module.tables.get_mut(table).elem_segments.insert(doors);
    let (is_here, _) = module.add_import_global(NAMESPACE, HERE, ValType::I32, true, false);
    let mut start = FunctionBuilder::new(&mut module.types, &[], &[]);
    start.func_body().i32_const(1).global_set(is_here);
    module.start = Some(start.finish(Vec::new(), &mut module.funcs));
    passes::gc::run(module);
    Ok(())
}

fn functions_table(module: &Module) -> Result<TableId> {
    let mut tables = module.tables.iter().filter(|table| table.element_ty == RefType::FUNCREF);
    let table = tables.next().context("the module has no table of functions")?;
    ensure!(tables.next().is_none(), "the module has more than one table of functions");
    Ok(table.id())
}

/// Makes room for the doors.
fn grow(table: &mut Table, doors: usize) {
    table.initial += doors as u64;
    table.maximum = table.maximum.map(|maximum| maximum + doors as u64);
}

fn function_name(number: usize) -> String {
    format!("${number}")
}

fn tables(module: &Module) -> Vec<(String, TableId)> {
    module.tables.iter().enumerate().map(|(number, table)| (format!("$t{number}"), table.id())).collect()
}

fn globals(module: &Module) -> Vec<(String, GlobalId)> {
    module.globals.iter().enumerate().map(|(number, global)| (format!("$g{number}"), global.id())).collect()
}

fn memories(module: &Module) -> Vec<(String, MemoryId)> {
    module.memories.iter().enumerate().map(|(number, memory)| (format!("$m{number}"), memory.id())).collect()
}

#[cfg(test)]
mod tests {
    use walrus::ExportItem;

    use super::*;

    /// `open` calls `stay` and `later::panel`; that one calls `stay` and `only_there`; `later::listener` is known by its slot alone.
    fn module() -> Vec<u8> {
        let mut module = Module::default();
        let memory = module.memories.add_local(false, false, 1, None, None);
        module.exports.add("memory", memory);
        let mut function = |name: &str, calls: &[FunctionId]| {
            let mut builder = FunctionBuilder::new(&mut module.types, &[ValType::I32], &[ValType::I32]);
            builder.name(name.to_owned());
            let argument = module.locals.add(ValType::I32);
            let mut body = builder.func_body();
            body.local_get(argument);
            for call in calls {
                body.call(*call);
            }
            builder.finish(vec![argument], &mut module.funcs)
        };
        let stay = function("stay", &[]);
        let only_there = function("only_there", &[]);
        let panel = function("later::panel", &[stay, only_there]);
        let listener = function("later::listener", &[]);
        let open = function("open", &[stay, panel]);
        module.exports.add("open", open);
        let table = module.tables.add_local(false, 3, Some(3), RefType::FUNCREF);
        let slots = ElementKind::Active { table, offset: ConstExpr::Value(Value::I32(1)) };
        let slots = module.elements.add(slots, ElementItems::Functions(vec![stay, listener]));
        module.tables.get_mut(table).elem_segments.insert(slots);
        module.emit_wasm()
    }

    fn halves() -> (Halves, Module, Module) {
        let halves = of(&module(), |name| name.starts_with("later::")).unwrap();
        let read = |wasm: &[u8]| ModuleConfig::new().parse(wasm).unwrap();
        let (first, rest) = (read(&halves.first), read(&halves.rest));
        (halves, first, rest)
    }

    fn imports(module: &Module) -> Vec<&str> {
        module.imports.iter().map(|import| import.name.as_str()).collect()
    }

    #[test]
    fn what_only_the_rest_calls_is_only_there() {
        let (_, first, rest) = halves();
        // `open`, `stay`, two doors and what the doors ask.
        assert_eq!(first.funcs.iter_local().count(), 5);
        // `panel`, `only_there`, `listener` and the start.
        assert_eq!(rest.funcs.iter_local().count(), 4);
    }

    #[test]
    fn each_door_has_a_slot_behind_those_that_were_there() {
        let (halves, first, rest) = halves();
        let doors = halves.doors.iter().map(|(slot, name)| (*slot, name.as_str()));
        assert_eq!(doors.collect::<Vec<_>>(), [(3, "later::panel"), (4, "later::listener")]);
        for half in [&first, &rest] {
            let table = half.tables.iter().next().unwrap();
            assert_eq!((table.initial, table.maximum), (5, Some(5)));
        }
        let slots = rest.elements.iter().next().unwrap();
        assert!(matches!(slots.kind, ElementKind::Active { offset: ConstExpr::Value(Value::I32(3)), .. }), "{slots:?}");
        assert!(matches!(&slots.items, ElementItems::Functions(items) if items.len() == 2), "{slots:?}");
    }

    #[test]
    fn the_rest_has_nothing_of_its_own_and_imports_what_the_first_exports() {
        let (_, first, rest) = halves();
        assert_eq!(imports(&first), ["ask"]);
        assert_eq!((rest.data.iter().count(), rest.exports.iter().count()), (0, 0));
        let exports: Vec<_> = first.exports.iter().map(|export| export.name.as_str()).collect();
        for import in rest.imports.iter() {
            assert_eq!(import.module, NAMESPACE);
            assert!(exports.contains(&import.name.as_str()), "{} of {exports:?}", import.name);
        }
        let is_shared = |export: &walrus::Export| export.name == "$0" && matches!(export.item, ExportItem::Function(_));
        assert!(first.exports.iter().any(is_shared), "{exports:?}");
        assert!(imports(&rest).contains(&"$0") && imports(&rest).contains(&HERE), "{:?}", imports(&rest));
    }

    #[test]
    fn a_module_without_anything_for_later_is_said_so() {
        let error = of(&module(), |_| false).err().unwrap();
        assert!(error.to_string().starts_with("nothing of the module is for later"), "{error}");
    }
}
