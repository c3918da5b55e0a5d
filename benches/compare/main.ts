export async function compare(args: readonly string[]): Promise<void> {
  console.log(args)
}
