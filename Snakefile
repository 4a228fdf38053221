workflow.include("workflow/Snakefile", overwrite_default_target=True)  # `include:` would drop the default target
