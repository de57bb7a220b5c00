{
  nixConfig.sandbox = true;
  outputs = _: { };
}
