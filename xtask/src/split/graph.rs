//! Which function refers to which.

use std::collections::{BTreeSet, HashMap};

use walrus::{
    ConstExpr, ElementItems, ExportItem, FunctionId, FunctionKind, Module,
    ir::{Visitor, dfs_in_order},
};

/// The functions of a module by their place in it, which is the same each time that it is read.
pub struct Graph {
    /// All functions, in order.
    pub ids: Vec<FunctionId>,
    /// What each one refers to.
    pub calls: Vec<BTreeSet<usize>>,
    /// Those that may be called from outside, or through a table.
    pub known_outside: BTreeSet<usize>,
}

impl Graph {
    pub fn of(module: &Module) -> Self {
        let ids: Vec<_> = module.funcs.iter().map(walrus::Function::id).collect();
        let places: HashMap<_, _> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let calls = module.funcs.iter().map(|function| match &function.kind {
            FunctionKind::Local(local) => {
                let mut found = Calls::default();
                dfs_in_order(&mut found, local, local.entry_block());
                found.0.iter().map(|id| places[id]).collect()
            }
            _ => BTreeSet::new(),
        });
        let calls = calls.collect();
        let mut known_outside: BTreeSet<_> = module.start.iter().map(|id| places[id]).collect();
        for export in module.exports.iter() {
            if let ExportItem::Function(id) = export.item {
                known_outside.insert(places[&id]);
            }
        }
        for element in module.elements.iter() {
            match &element.items {
                ElementItems::Functions(items) => known_outside.extend(items.iter().map(|id| places[id])),
                ElementItems::Expressions(_, items) => {
                    let function = |item: &ConstExpr| match item {
                        ConstExpr::RefFunc(id) => Some(places[id]),
                        _ => None,
                    };
                    known_outside.extend(items.iter().filter_map(function));
                }
            }
        }
        Self { ids, calls, known_outside }
    }

    /// Everything that can be reached from outside without passing what is `barred`.
    pub fn reached(&self, barred: impl Fn(usize) -> bool) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<_> = self.known_outside.iter().copied().collect();
        while let Some(at) = next.pop() {
            if !barred(at) && reached.insert(at) {
                next.extend(&self.calls[at]);
            }
        }
        reached
    }
}

#[derive(Default)]
struct Calls(BTreeSet<FunctionId>);

impl Visitor<'_> for Calls {
    fn visit_function_id(&mut self, function: &FunctionId) {
        self.0.insert(*function);
    }
}
