package firn_test

import (
	"go/ast"
	"testing"
)

// undocumented gives the exported names of a declaration that have no comment of their own, in front of them or behind: functions, methods, types, constants, variables, and
// fields of structs but for embedded ones.
func undocumented(declaration ast.Decl) (names []string) {
	miss := func(documented bool, identifiers ...*ast.Ident) {
		for _, name := range identifiers {
			if name.IsExported() && !documented {
				names = append(names, name.Name)
			}
		}
	}
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type)) {
			miss(d.Doc != nil, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				miss(s.Doc != nil || s.Comment != nil || d.Doc != nil && len(d.Specs) == 1, s.Names...)
			case *ast.TypeSpec:
				miss(s.Doc != nil || d.Doc != nil && len(d.Specs) == 1, s.Name)
				if fields, ok := s.Type.(*ast.StructType); ok && s.Name.IsExported() {
					for _, field := range fields.Fields.List {
						miss(field.Doc != nil || field.Comment != nil, field.Names...)
					}
				}
			}
		}
	}
	return names
}

func receiver(expression ast.Expr) string {
	if pointer, ok := expression.(*ast.StarExpr); ok {
		expression = pointer.X
	}
	return expression.(*ast.Ident).Name
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	count := 0
	for name, file := range goFiles(t, ".", "firnprom") {
		for _, declaration := range file.Decls {
			count++
			for _, missing := range undocumented(declaration) {
				t.Errorf("%s: %s", name, missing)
			}
		}
	}
	if count < 200 {
		t.Errorf("%d declarations only", count)
	}
}
