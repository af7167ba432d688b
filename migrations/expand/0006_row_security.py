"""Who may see and write which rows: policies as Supabase enforces them, for whoever the token says is asking."""

from alembic import op

revision = "0006_row_security"
down_revision = "0005_records"
branch_labels = None
depends_on = None

# They read past the policies (SECURITY DEFINER), or a policy of users would ask itself.
FUNCTIONS = """
    CREATE FUNCTION asking_role() RETURNS user_role LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS
        'SELECT role FROM users WHERE id = auth.uid() AND is_active';
    CREATE FUNCTION owns_company(company uuid) RETURNS boolean
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS
        'SELECT EXISTS (SELECT FROM companies WHERE id = company AND owner_id = auth.uid())';
    CREATE FUNCTION owns_assignment(assignment uuid) RETURNS boolean
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS
        'SELECT EXISTS (SELECT FROM assignments WHERE id = assignment AND owns_company(company_id))';
    CREATE FUNCTION owns_shift(shift uuid) RETURNS boolean
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS
        'SELECT EXISTS (SELECT FROM shifts WHERE id = shift AND owns_assignment(assignment_id))';
    CREATE FUNCTION works_shift(shift uuid) RETURNS boolean
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS
        'SELECT EXISTS (SELECT FROM shifts WHERE id = shift AND guard_id = auth.uid())';
"""
TABLES = (
    "users", "guard_profiles", "companies", "clients", "assignments", "applications", "shifts", "shift_hours",
    "gps_checkins", "invoices", "payments", "finqle_transactions", "notifications", "audit_log", "security_log",
)  # fmt: skip
# table, name, what it is for, who may see the row, what a written row must keep
POLICIES = (
    ("users", "own", "SELECT", "id = auth.uid()", ""),
    ("users", "own_change", "UPDATE", "id = auth.uid()", "id = auth.uid() AND role = asking_role()"),
    ("guard_profiles", "companies_look", "SELECT", "user_id = auth.uid() OR asking_role() = 'company'", ""),
    ("guard_profiles", "own_change", "UPDATE", "user_id = auth.uid()", "user_id = auth.uid()"),
    ("companies", "known", "SELECT", "asking_role() IS NOT NULL", ""),
    ("companies", "own_change", "UPDATE", "owner_id = auth.uid()", "owner_id = auth.uid()"),
    ("clients", "own", "SELECT", "user_id = auth.uid() OR owns_company(company_id)", ""),
    ("clients", "company_adds", "INSERT", "", "owns_company(company_id)"),
    ("clients", "company_changes", "UPDATE", "owns_company(company_id)", "owns_company(company_id)"),
    ("assignments", "open_or_own", "SELECT", "state = 'open' OR owns_company(company_id)", ""),
    ("assignments", "company_adds", "INSERT", "", "owns_company(company_id)"),
    ("assignments", "company_changes", "UPDATE", "owns_company(company_id)", "owns_company(company_id)"),
    ("applications", "own", "SELECT", "guard_id = auth.uid() OR owns_assignment(assignment_id)", ""),
    ("applications", "guard_adds", "INSERT", "", "guard_id = auth.uid() AND asking_role() = 'guard'"),
    ("applications", "company_decides", "UPDATE", "owns_assignment(assignment_id)", "owns_assignment(assignment_id)"),
    ("shifts", "own", "SELECT", "guard_id = auth.uid() OR owns_assignment(assignment_id)", ""),
    ("shifts", "company_adds", "INSERT", "", "owns_assignment(assignment_id)"),
    ("shifts", "company_changes", "UPDATE", "owns_assignment(assignment_id)", "owns_assignment(assignment_id)"),
    ("shift_hours", "own", "SELECT", "works_shift(shift_id) OR owns_shift(shift_id)", ""),
    ("shift_hours", "guard_adds", "INSERT", "", "works_shift(shift_id) AND approved_at IS NULL"),
    ("shift_hours", "company_approves", "UPDATE", "owns_shift(shift_id)", "owns_shift(shift_id)"),
    ("gps_checkins", "own", "SELECT", "guard_id = auth.uid() OR owns_shift(shift_id)", ""),
    ("gps_checkins", "guard_adds", "INSERT", "", "guard_id = auth.uid() AND works_shift(shift_id)"),
    ("invoices", "own", "SELECT", "owns_company(company_id)", ""),
    ("invoices", "company_adds", "INSERT", "", "owns_company(company_id)"),
    ("invoices", "company_changes", "UPDATE", "owns_company(company_id)", "owns_company(company_id)"),
    ("payments", "own", "SELECT", "guard_id = auth.uid() OR owns_shift(shift_id)", ""),
    ("notifications", "own", "SELECT", "user_id = auth.uid()", ""),
    ("notifications", "own_read", "UPDATE", "user_id = auth.uid()", "user_id = auth.uid()"),
)


def upgrade() -> None:
    op.execute(FUNCTIONS)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO authenticated")
        op.execute(f"GRANT ALL ON {table} TO service_role")
        op.execute(f"CREATE POLICY service ON {table} TO service_role USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY admin ON {table} FOR SELECT TO authenticated USING (asking_role() = 'admin')")
    for table, name, verb, sees, keeps in POLICIES:
        using = f" USING ({sees})" if sees else ""
        check = f" WITH CHECK ({keeps})" if keeps else ""
        op.execute(f"CREATE POLICY {name} ON {table} FOR {verb} TO authenticated{using}{check}")


def downgrade() -> None:
    for table, name, *_ in POLICIES:
        op.execute(f"DROP POLICY {name} ON {table}")
    for table in reversed(TABLES):
        op.execute(f"DROP POLICY admin ON {table}; DROP POLICY service ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM authenticated, service_role")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP FUNCTION works_shift, owns_shift, owns_assignment, owns_company, asking_role")
