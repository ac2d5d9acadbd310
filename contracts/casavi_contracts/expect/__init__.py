"""What checks say of answers, jobs, records and lists: a function breaks the check unless all is as it should be."""
