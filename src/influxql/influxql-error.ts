/** InfluxqlError is why a statement is not answered. Its message is a sentence for the person who wrote the statement. */
export class InfluxqlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InfluxqlError';
  }
}
